package jailsh

import (
	"go/ast"
	"testing"
)

// parts are types that no packet carries alone, with the message that they are
// fuzzed in.
func parts() map[string]string {
	return map[string]string{"Size": "Spawn", "Mount": "Spec", "Network": "Spec", "Limits": "Spec", "Address": "Dial", "Permit": "Grant", "Permits": "Grant", "SFTP": "Grant", "Certificate": "Lookup"}
}

// Each message of the contract is read from somebody who may be hostile, so the
// decoder of each has a fuzz test: FuzzOpen is that of Open.
func TestEveryMessageIsFuzzed(t *testing.T) {
	t.Parallel()
	_, all := sources(t)
	messages, functions := map[string]bool{}, map[string]bool{}
	for _, s := range all {
		if s.dir() != "internal/wire" {
			continue
		}
		for _, d := range s.syntax.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok {
				continue
			}
			functions[f.Name.Name] = true
			if star, ok := receiver(f).(*ast.StarExpr); ok && f.Name.Name == "fields" {
				messages[star.X.(*ast.Ident).Name] = true
			}
		}
	}
	if len(messages) < 10 {
		t.Fatalf("found only the messages %v", messages)
	}
	for name := range messages {
		if whole, ok := parts()[name]; ok {
			name = whole
		}
		if !functions["Fuzz"+name] {
			t.Errorf("internal/wire: %s is decoded and not fuzzed - write Fuzz%s", name, name)
		}
	}
}

func receiver(f *ast.FuncDecl) ast.Expr {
	if f.Recv == nil || len(f.Recv.List) == 0 {
		return nil
	}
	return f.Recv.List[0].Type
}
