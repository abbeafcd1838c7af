package jailsh

import (
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"slices"
	"strings"
	"testing"
)

// A variable of a package is read-only: it has its value from its declaration,
// of a kind that can't change under its readers, and nothing in the package
// writes to it. So a package has no state, and two servers in one process, as
// tests have them, don't meet.
func TestNoPackageState(t *testing.T) {
	t.Parallel()
	set, all := sources(t)
	for folder, files := range byFolder(all) {
		var syntax []*ast.File
		for _, s := range files {
			if !s.isTest() {
				syntax = append(syntax, s.syntax)
			}
		}
		for _, problem := range stateProblems(set, folder, syntax) {
			t.Error(problem)
		}
	}
}

func TestPackageStateIsFound(t *testing.T) {
	t.Parallel()
	const good = `package p
import ("errors"; "regexp")
var errGone = errors.New("gone")
var table = map[string]int{"a": 1}
var names = [...]string{"a"}
var pattern = regexp.MustCompile("a")
var limit = 1 << 10
var buffers = sync.Pool{New: func() any { return new(T) }}
var _ I = (*T)(nil)
func f() int { table := map[string]int{}; table["b"] = 2; limit := 3; limit++; return limit }
`
	const bad = `package p
import "sync"
var zero int
var lock = sync.Mutex{}
var cache = make(map[string]int)
var pointer = &T{}
var written = map[string]int{"a": 1}
var counted = 1
var assigned = "a"
var addressed = []int{1}
var emptied = map[string]int{"a": 1}
type T struct{}
func f() { written["b"]++; counted++; assigned = "b"; g(&addressed[0]); delete(emptied, "a") }
func g(*int) {}
`
	if got := problemsIn(t, good); len(got) > 0 {
		t.Errorf("a good package has problems: %v", got)
	}
	got := strings.Join(problemsIn(t, bad), "\n")
	for _, name := range []string{"zero", "lock", "cache", "pointer", "written", "counted", "assigned", "addressed", "emptied"} {
		if strings.Count(got, ": "+name+" ") != 1 {
			t.Errorf("%s is not found once in:\n%s", name, got)
		}
	}
}

func problemsIn(t *testing.T, text string) []string {
	t.Helper()
	set := token.NewFileSet()
	f, err := parser.ParseFile(set, "p.go", text, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	return stateProblems(set, "p", []*ast.File{f})
}

// stateProblems names each variable of a package that is or could be written to.
func stateProblems(set *token.FileSet, path string, files []*ast.File) (problems []string) {
	// Imports are not loaded: names that come from them stay unknown, and those
	// of the package are told from local ones all the same.
	info := &types.Info{Defs: map[*ast.Ident]types.Object{}, Uses: map[*ast.Ident]types.Object{}}
	config := types.Config{Importer: noImports{importer.Default()}, Error: func(error) {}}
	pkg, _ := config.Check(path, set, files, info)

	say := func(at token.Pos, name, what string) {
		problems = append(problems, set.Position(at).String()+": "+name+" "+what)
	}
	for _, f := range files {
		for _, d := range f.Decls {
			g, ok := d.(*ast.GenDecl)
			if !ok || g.Tok != token.VAR {
				continue
			}
			for _, spec := range g.Specs {
				checkVar(g, spec.(*ast.ValueSpec), say)
			}
		}
		ast.Inspect(f, func(n ast.Node) bool {
			for _, e := range writtenTo(n) {
				if id := root(e); id != nil && pkg != nil && info.Uses[id] != nil && info.Uses[id].Parent() == pkg.Scope() {
					if _, isVar := info.Uses[id].(*types.Var); isVar {
						say(id.Pos(), id.Name, "is written to: it belongs to the package - put it into a type")
					}
				}
			}
			return true
		})
	}
	return problems
}

// noImports makes every import an empty package.
type noImports struct{ types.Importer }

func (noImports) Import(path string) (*types.Package, error) {
	p := types.NewPackage(path, path[strings.LastIndexByte(path, '/')+1:])
	p.MarkComplete()
	return p, nil
}

func checkVar(g *ast.GenDecl, spec *ast.ValueSpec, say func(token.Pos, string, string)) {
	embedded := func(doc *ast.CommentGroup) bool {
		return doc != nil && slices.ContainsFunc(doc.List, func(c *ast.Comment) bool { return strings.HasPrefix(c.Text, "//go:embed ") })
	}
	if embedded(g.Doc) || embedded(spec.Doc) {
		return
	}
	for i, name := range spec.Names {
		switch {
		case name.Name == "_":
		case i >= len(spec.Values):
			say(name.Pos(), name.Name, "has no value: it waits to be written to - put it into a type")
		case !constantLike(spec.Values[i]):
			say(name.Pos(), name.Name, "holds what can change - put it into a type, or return it from a function")
		}
	}
}

// constantLike tells values that stay what they are if nobody writes to them: not
// pointers, channels or locks.
func constantLike(e ast.Expr) bool {
	switch e := e.(type) {
	case *ast.BasicLit, *ast.Ident, *ast.SelectorExpr, *ast.FuncLit:
		return true
	case *ast.ParenExpr:
		return constantLike(e.X)
	case *ast.BinaryExpr:
		return constantLike(e.X) && constantLike(e.Y)
	case *ast.UnaryExpr:
		return e.Op != token.AND && e.Op != token.ARROW && constantLike(e.X)
	case *ast.CompositeLit:
		from := qualifier(e.Type)
		pool := from == "sync" && e.Type.(*ast.SelectorExpr).Sel.Name == "Pool" // nobody can tell what is in it
		return pool || from != "sync" && from != "atomic"
	case *ast.CallExpr:
		f, ok := e.Fun.(*ast.SelectorExpr)
		if !ok {
			return conversion(e)
		}
		return slices.Contains([]string{
			"errors.New", "fmt.Errorf", "regexp.MustCompile", "netip.MustParsePrefix", "netip.MustParseAddr",
			"strings.NewReplacer", "time.Duration", "unix.Errno", "syscall.Errno",
		}, qualifier(f)+"."+f.Sel.Name)
	}
	return false
}

// conversion tells []byte("...") and its kind from a call.
func conversion(e *ast.CallExpr) bool {
	if _, isArray := e.Fun.(*ast.ArrayType); isArray {
		return len(e.Args) == 1 && constantLike(e.Args[0])
	}
	id, ok := e.Fun.(*ast.Ident)
	return ok && len(e.Args) == 1 && constantLike(e.Args[0]) && (types.Universe.Lookup(id.Name) != nil && id.Name != "new" && id.Name != "make")
}

func qualifier(e ast.Expr) string {
	if s, ok := e.(*ast.SelectorExpr); ok {
		if id, ok := s.X.(*ast.Ident); ok {
			return id.Name
		}
	}
	return ""
}

// writtenTo returns the expressions that a node writes to, or lets others write to.
func writtenTo(n ast.Node) []ast.Expr {
	switch n := n.(type) {
	case *ast.AssignStmt:
		if n.Tok != token.DEFINE {
			return n.Lhs
		}
	case *ast.IncDecStmt:
		return []ast.Expr{n.X}
	case *ast.RangeStmt:
		if n.Tok == token.ASSIGN {
			return []ast.Expr{n.Key, n.Value}
		}
	case *ast.UnaryExpr:
		if n.Op == token.AND {
			return []ast.Expr{n.X}
		}
	case *ast.CallExpr:
		if id, ok := n.Fun.(*ast.Ident); ok && len(n.Args) > 0 && (id.Name == "delete" || id.Name == "clear") {
			return n.Args[:1]
		}
	}
	return nil
}

// root is the variable that x, x[i], x.f, *x and (x) are about.
func root(e ast.Expr) *ast.Ident {
	for {
		switch x := e.(type) {
		case *ast.Ident:
			return x
		case *ast.IndexExpr:
			e = x.X
		case *ast.SliceExpr:
			e = x.X
		case *ast.SelectorExpr:
			e = x.X
		case *ast.StarExpr:
			e = x.X
		case *ast.ParenExpr:
			e = x.X
		default:
			return nil
		}
	}
}
