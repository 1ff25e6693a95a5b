package sheet_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"liandong/internal/hotline"
	"liandong/internal/sheet"
)

// What is written is read back, also what a spreadsheet likes to change.
func TestThereAndBack(t *testing.T) {
	want := []sheet.Table{
		{Name: "items", Cells: [][]string{{"code 编码", "name"}, {"A01.01", "路灯不亮"}, {"008", "=1+1"}, {"2026-01-02", "ལྷ་ས། <b>"}}},
		{Name: "limits", Cells: [][]string{{"class"}, {"*"}}},
	}
	var b bytes.Buffer
	if err := sheet.Write(&b, want); err != nil {
		t.Fatal(err)
	}
	got, err := sheet.Read(&b)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestUnreadable(t *testing.T) {
	for _, text := range []string{"", "code,name\n", "PK\x03\x04 and then nothing"} {
		if _, err := sheet.Read(strings.NewReader(text)); hotline.CodeOf(err) != "sheet_unreadable" {
			t.Errorf("%q: got %v, want sheet_unreadable", text, err)
		}
	}
}

func FuzzRead(f *testing.F) {
	var b bytes.Buffer
	if err := sheet.Write(&b, []sheet.Table{{Name: "a", Cells: [][]string{{"x"}}}}); err != nil {
		f.Fatal(err)
	}
	f.Add(b.Bytes())
	f.Fuzz(func(t *testing.T, file []byte) {
		if _, err := sheet.Read(bytes.NewReader(file)); err != nil && hotline.KindOf(err) != hotline.Invalid {
			t.Errorf("got %v, want it Invalid", err)
		}
	})
}
