package store_test

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"liandong/internal/store"
	"liandong/internal/store/storetest"
)

func TestConformance(t *testing.T) {
	for _, engine := range storetest.Engines {
		t.Run(engine, func(t *testing.T) {
			storetest.Conform(t, func(t testing.TB) *store.Store { return storetest.Open(t, storetest.DSN(t, engine)) })
		})
	}
}

// A method of Tx or Reader that no test calls has never been seen to work on
// the second engine.
func TestEveryMethodIsInTheSuite(t *testing.T) {
	files, err := filepath.Glob("storetest/*.go")
	if err != nil {
		t.Fatal(err)
	}
	var suite strings.Builder
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		suite.Write(b)
	}
	n := 0
	for _, typ := range []reflect.Type{reflect.TypeFor[*store.Tx](), reflect.TypeFor[*store.Reader]()} {
		for m := range typ.Methods() {
			n++
			if !strings.Contains(suite.String(), "."+m.Name+"(") {
				t.Errorf("%s.%s: got no call in the suite, want at least one", typ, m.Name)
			}
		}
	}
	if n < 100 {
		t.Errorf("looked at %d methods, want all of Tx and Reader", n)
	}
}
