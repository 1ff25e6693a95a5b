package seedfile

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
)

func read(text string) ([]Row, error) {
	return Read(fstest.MapFS{"t.csv": {Data: []byte(text)}}, "t.csv", "code", "words")
}

func TestRead(t *testing.T) {
	rows, err := read("\uFEFF# comment, with a comma\n words ,code\r\n a | b|| c,A1\n\n# more\n\"two\nlines\", B2 \n,C3\n")
	if err != nil {
		t.Fatal(err)
	}
	type got struct {
		Where, Code string
		Words       []string
	}
	var all []got
	for _, r := range rows {
		all = append(all, got{r.Where(), r.Get("code"), r.List("words")})
	}
	want := []got{
		{"t.csv:3", "A1", []string{"a", "b", "", "c"}},
		{"t.csv:6", "B2", []string{"two\nlines"}},
		{"t.csv:8", "C3", nil},
	}
	if diff := cmp.Diff(want, all); diff != "" {
		t.Errorf("rows (-want +got):\n%s", diff)
	}
}

func TestFaults(t *testing.T) {
	for _, tc := range []struct {
		name, text string
		want       []string
		rows       int
	}{
		{"nothing", "", []string{"t.csv:1: no header row"}, 0},
		{"column missing", "code\nA\n", []string{`t.csv:1: column "words" is missing`}, 0},
		{"column unknown", "# c\ncode,words,x\n", []string{`t.csv:2: unknown column "x"`}, 0},
		{"column twice", "code,words,code\n", []string{`t.csv:1: column "code" twice`}, 0},
		{"header broken", "co\"de,words\n", []string{"t.csv:1: column 3: bare"}, 0},
		{"goes on after faults", "code,words\nA\nB,b\nC,\"c\"c\nD,d\nE,e,e\n",
			[]string{"t.csv:2: 1 fields where the header has 2", "t.csv:4: column", "t.csv:6: 3 fields"}, 2},
		{"bare quote", "code,words\nA, \"a\nB,b\n", []string{"t.csv:2: column"}, 1},
		{"quote never closed", "code,words\nA,a\nB,\"b\n", []string{"t.csv:"}, 1},
		{"not UTF-8", "code,words\nA,\xc3\x28\nB,\x07\n", []string{"t.csv:2: not UTF-8", "t.csv:3: control character"}, 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			rows, err := read(tc.text)
			if err == nil {
				t.Fatal("taken")
			}
			for _, want := range tc.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("got %q, want %q in it", err, want)
				}
			}
			if len(rows) != tc.rows {
				t.Errorf("got %d rows beside the faults, want %d", len(rows), tc.rows)
			}
		})
	}
	if _, err := Read(fstest.MapFS{}, "t.csv", "code"); err == nil || !strings.Contains(err.Error(), "t.csv") {
		t.Errorf("missing file: got %v", err)
	}
}

// FuzzRead: whatever the text, the rows that come out are whole and in order.
func FuzzRead(f *testing.F) {
	f.Add("code,words\nA,a|b\n# c\n\"x\ny\",\n")
	f.Add("code,words\n\"\n\"\"")
	f.Fuzz(func(t *testing.T, text string) {
		rows, err := read(text)
		last := 0
		for _, r := range rows {
			if len(r.cell) != 2 {
				t.Fatalf("row %s has %d cells, want 2", r.Where(), len(r.cell))
			}
			if r.Line <= last {
				t.Fatalf("line %d after line %d", r.Line, last)
			}
			last = r.Line
		}
		if err == nil && !strings.Contains(text, "code") {
			t.Fatal("taken without its header")
		}
	})
}
