package jailsh

import (
	"go/ast"
	"strings"
	"testing"
)

// Each message of the contract is read from somebody who may be hostile, so each
// one's decoder is fuzzed: its type is named in a file that has a fuzz test.
func TestEveryMessageIsFuzzed(t *testing.T) {
	t.Parallel()
	_, all := sources(t)
	messages := map[string]bool{}
	fuzzed := map[string]bool{}
	for _, s := range all {
		if s.dir() != "internal/wire" {
			continue
		}
		fuzzes := false
		for _, d := range s.syntax.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok {
				continue
			}
			if s.isTest() && strings.HasPrefix(f.Name.Name, "Fuzz") {
				fuzzes = true
			}
			if star, ok := receiver(f).(*ast.StarExpr); ok && f.Name.Name == "fields" {
				messages[star.X.(*ast.Ident).Name] = true
			}
		}
		if fuzzes {
			ast.Inspect(s.syntax, func(n ast.Node) bool {
				if id, ok := n.(*ast.Ident); ok {
					fuzzed[id.Name] = true
				}
				return true
			})
		}
	}
	if len(messages) < 10 {
		t.Fatalf("found only the messages %v", messages)
	}
	for name := range messages {
		if !fuzzed[name] {
			t.Errorf("internal/wire: %s has no fuzz test - add it to the table of the fuzz test", name)
		}
	}
}

func receiver(f *ast.FuncDecl) ast.Expr {
	if f.Recv == nil || len(f.Recv.List) == 0 {
		return nil
	}
	return f.Recv.List[0].Type
}
