package leg

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"
)

var china = time.FixedZone("", 8*60*60)

// fill draws a value for every field, whatever its type, so that a field added
// tomorrow is tried without a word here.
func fill(t *rapid.T, v reflect.Value, name string) {
	switch v.Interface().(type) {
	case time.Time:
		us := rapid.Int64Range(0, 4e15).Draw(t, name) // to the year 2096
		v.Set(reflect.ValueOf(time.UnixMicro(us).In(china)))
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(rapid.SampledFrom([]string{"", "a", "540000-110", "不属本辖区", "བོད་ལྗོངས།", "<&>\u2028\"\\", "\x00\x1f", "𠮷"}).Draw(t, name))
	case reflect.Bool:
		v.SetBool(rapid.Bool().Draw(t, name))
	case reflect.Int, reflect.Int64:
		v.SetInt(rapid.Int64Range(-(1<<53-1), 1<<53-1).Draw(t, name))
	case reflect.Pointer:
		if rapid.Bool().Draw(t, name+" is there") {
			v.Set(reflect.New(v.Type().Elem()))
			fill(t, v.Elem(), name)
		}
	case reflect.Slice:
		n := rapid.IntRange(0, 3).Draw(t, name)
		v.Set(reflect.MakeSlice(v.Type(), n, n))
		for i := range n {
			fill(t, v.Index(i), fmt.Sprint(name, i))
		}
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		for _, k := range rapid.SliceOfDistinct(rapid.StringN(0, 5, 20), rapid.ID).Draw(t, name) {
			v.SetMapIndex(reflect.ValueOf(k), reflect.ValueOf("case-"+k))
		}
	case reflect.Struct:
		for i := range v.NumField() {
			fill(t, v.Field(i), v.Type().Field(i).Name)
		}
	default:
		t.Fatalf("%s: a %s in a letter is new to this test", name, v.Kind())
	}
}

// What is written is read again, field by field: false, nothing and zero too.
func TestLetterRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var want, got Letter
		fill(t, reflect.ValueOf(&want).Elem(), "letter")
		raw, err := json.Marshal(want)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(raw, &got); err != nil {
			t.Fatalf("%v in %s", err, raw)
		}
		if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("letter (-want +got):\n%s\n%s", diff, raw)
		}
	})
}

func TestPrivateRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var want, got Private
		fill(t, reflect.ValueOf(&want).Elem(), "private")
		raw, err := json.Marshal(want)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(raw, &got); err != nil {
			t.Fatalf("%v in %s", err, raw)
		}
		if got != want {
			t.Errorf("got %s, want %s", dump(got), dump(want))
		}
	})
}

// dump is a personal part as it is; printing shows a mask.
func dump(p Private) string {
	raw, err := json.Marshal(p)
	return fmt.Sprint(string(raw), err)
}

// FuzzLetter reads anything. What can be read can be written, and reads the
// same again.
func FuzzLetter(f *testing.F) {
	for _, s := range []string{
		`{}`, `null`, `[]`, `{"id":"01","type":"offer","schema":"1.0","number":1,"sent_at":"2026-03-02T09:30:00.000001+08:00","body":{}}`,
		`{"body":{"due":null,"solved":false,"dues":[{"clock":"handling","due":"2026-03-02T18:00:00+08:00"}]}}`,
		`{"sent_at":"2026-02-30T00:00:00Z"}`, `{"number":1e3}`, `{"cases":{"110":"x","110":"y"}}`, `{"via":[null]}`, `{"body":{"of":"grant"}}`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		var first, again Letter
		if json.Unmarshal(raw, &first) != nil {
			return
		}
		out, err := json.Marshal(first)
		if err != nil {
			t.Fatalf("read but not written: %v", err)
		}
		if err := json.Unmarshal(out, &again); err != nil {
			t.Fatalf("written but not read: %v\n%s", err, out)
		}
		if diff := cmp.Diff(first, again, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("letter (-first +again):\n%s", diff)
		}
	})
}

func TestTypes(t *testing.T) {
	want := map[string]struct{ numbered, expires bool }{
		"offer": {true, true}, "receipt": {false, false}, "error": {false, false}, "head": {false, false}, "keys": {false, false}, "attachment": {false, false}, "erase": {true, false},
		"accept": {true, false}, "return": {true, false}, "progress": {true, false}, "feedback": {true, false},
		"settle": {true, false}, "reopen": {true, false}, "grant": {true, false}, "refuse": {true, false},
		"withdraw": {true, true}, "extend": {true, true}, "urge": {true, true},
		"supplement": {true, false}, "call": {true, false}, "callback": {true, false}, "contest": {true, false},
		"escalate": {true, false}, "void": {true, false},
	}
	types := []string{TypeReceipt, TypeError, TypeHead, TypeErase, TypeKeys, TypeAttachment}
	for _, v := range Verbs() {
		if v != Receive { // told by a receipt
			types = append(types, TypeOf(v))
		}
	}
	if len(types) != len(want) {
		t.Errorf("%d types, want %d", len(types), len(want))
	}
	for _, typ := range types {
		w, ok := want[typ]
		if !ok {
			t.Errorf("type %s is new", typ)
		}
		if Numbered(typ) != w.numbered || Expires(typ) != w.expires {
			t.Errorf("%s: numbered %v, expires %v, want %v, %v", typ, Numbered(typ), Expires(typ), w.numbered, w.expires)
		}
	}
}

// The personal part appears in no log by accident.
func TestPrivatePrintsAMask(t *testing.T) {
	p := Private{Salt: "5a17", Text: "测试原话", CallerName: "张测试", CallerPhone: "13900000001", Address: "测试路1号", Ask: "请修复",
		PoliceAction: "已警戒", Note: "备注", Result: "已修"}
	for _, format := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		for _, x := range []any{p, &p, []Private{p}, struct{ P Private }{p}, map[string]Private{"p": p}} {
			got := fmt.Sprintf(format, x)
			for _, secret := range []string{"5a17", "测试", "139", "警戒", "备注", "修", fmt.Sprintf("%x", "张测试")} {
				if strings.Contains(got, secret) {
					t.Errorf("%s of %T shows %q: %s", format, x, secret, got)
				}
			}
		}
	}
	if got := fmt.Errorf("seal %v: %w", p, errors.New("no key")).Error(); got != "seal ***: no key" {
		t.Errorf("got %q", got)
	}
}

func TestPrivateEmpty(t *testing.T) {
	if !(Private{}).Empty() || !(Private{Salt: "5a17"}).Empty() {
		t.Error("a salt alone is something to seal")
	}
	v := reflect.New(reflect.TypeFor[Private]()).Elem()
	for i := range v.NumField() {
		v.SetZero()
		v.Field(i).SetString("x")
		if name := v.Type().Field(i).Name; name != "Salt" && v.Interface().(Private).Empty() {
			t.Errorf("%s alone is nothing to seal", name)
		}
	}
}

func TestGrounds(t *testing.T) {
	want := []Ground{"not_duty", "not_area", "unclear_ownership", "already_settled", "duplicate", "other"}
	if diff := cmp.Diff(want, Grounds()); diff != "" {
		t.Errorf("grounds (-want +got):\n%s", diff)
	}
}
