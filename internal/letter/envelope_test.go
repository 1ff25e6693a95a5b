package letter

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	contract "liandong/docs/exchange"
	"liandong/internal/hotline"
	"liandong/internal/leg"
	"liandong/internal/seal"
)

func wantRefused(t testing.TB, err error, code, field string) {
	t.Helper()
	e, ok := err.(*hotline.Error)
	if !ok || e.Kind != hotline.Invalid || e.Code != code || e.Field != field {
		t.Fatalf("got %v, want %s (%s)", err, code, field)
	}
}

// sample is the golden letter of a name on the wire.
func sample(t testing.TB, name string) []byte {
	t.Helper()
	wire, ok := contract.Valid()[name]
	if !ok {
		t.Fatalf("no example %s", name)
	}
	return wire
}

func parsed(t testing.TB, name string) Envelope {
	t.Helper()
	e, err := Parse(sample(t, name))
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// The hash is what anyone computes from the document with a JCS library and
// SHA-256: for our examples, whose keys are ASCII and whose numbers are small,
// encoding/json writes the same form.
func TestHashIsWhatAnyoneComputes(t *testing.T) {
	for name, wire := range contract.Valid() {
		if name == "canonical" { // TestCanonicalExamples
			continue
		}
		doc := tree(t, wire)
		delete(doc, "sealed")
		delete(doc, "sig")
		sum := sha256.Sum256(marshal(t, doc))
		e, err := Parse(wire)
		if err != nil {
			t.Fatal(err)
		}
		if got, want := e.Hash(), hex.EncodeToString(sum[:]); got != want {
			t.Errorf("%s: got hash %s, want %s", name, got, want)
		}
	}
}

// Beside each example lies what is hashed of it, and of the hard one it is what
// RFC 8785 says.
func TestCanonicalExamples(t *testing.T) {
	canonical := contract.Canonical()
	for name := range contract.Valid() {
		if got, want := string(parsed(t, name).Content()), string(canonical[name]); got != want {
			t.Errorf("%s: got %s, want %s", name, got, want)
		}
	}
	if !strings.Contains(string(canonical["canonical"]), hard[1:len(hard)-1]) {
		t.Errorf("got %s, want %s in it", canonical["canonical"], hard)
	}
}

// Two hashes are fixed here, so that no change of ours can move what is signed.
func TestHashGolden(t *testing.T) {
	for name, want := range map[string]string{"offer-least": "c3a4c78cf5bb27c660071c294c86bf1dd2a1033b7d01ee388902deec20fd4919", "feedback": "e3c88a49e274ff47e32b670385258725da884914e425c57824d140d30508d2ba"} {
		if got := parsed(t, name).Hash(); got != want {
			t.Errorf("%s: got hash %s, want %s", name, got, want)
		}
	}
}

// Content and Compose take any letter whose words are well formed, and Parse
// gives it back as it was.
func TestRoundTrip(t *testing.T) {
	all := parties(t)
	key := seal.NewCaseKey()
	text := rapid.StringOfN(rapid.RuneFrom([]rune("测试路口abc 01<>&\"\\/\u2028😀བོད")), 1, 40, -1)
	ident := rapid.StringMatching(`[0-9a-z][0-9a-z._-]{0,20}`)
	clock := rapid.Custom(func(t *rapid.T) time.Time {
		us := rapid.Int64Range(0, 4e15).Draw(t, "us")
		return time.UnixMicro(us).In(time.FixedZone("", rapid.SampledFrom([]int{0, 8 * 3600, -5*3600 - 1800}).Draw(t, "zone")))
	})
	rapid.Check(t, func(t *rapid.T) {
		sent, occurred := clock.Draw(t, "sent"), clock.Draw(t, "occurred")
		l := leg.Letter{
			ID: ident.Draw(t, "id"), Type: "offer", Schema: leg.Schema, From: "12345", To: "110", Link: ident.Draw(t, "link"),
			Epoch: rapid.Int64Range(1, seal.MaxInteger).Draw(t, "epoch"), Cases: map[string]string{"12345": ident.Draw(t, "case")},
			Leg: ident.Draw(t, "leg"), Number: rapid.Int64Range(1, seal.MaxInteger).Draw(t, "number"),
			Via: rapid.SliceOfN(ident, 0, 4).Draw(t, "via"), SentAt: sent,
			Body: leg.Body{
				Role: leg.Joint, Class: text.Draw(t, "class"), Region: text.Draw(t, "region"), Urgent: rapid.Bool().Draw(t, "urgent"),
				Level: rapid.IntRange(1, 4).Draw(t, "level"), OccurredAt: &occurred, SafeContact: text.Draw(t, "safe"),
			},
		}
		p := leg.Private{Text: text.Draw(t, "text"), CallerName: text.Draw(t, "name")}
		plain, commitment, err := Plain(p)
		if err != nil {
			t.Fatal(err)
		}
		l.Commitment = commitment
		content, hash, err := Content(l)
		if err != nil {
			t.Fatal(err)
		}
		sealed, err := Wrap(l, SealPrivate(key, l.ID, plain), key, all["110"].public)
		if err != nil {
			t.Fatal(err)
		}
		wire, err := Compose(content, sealed, Signer(all["12345"].keys))
		if err != nil {
			t.Fatal(err)
		}
		e, got, err := full(wire, all)
		if err != nil {
			t.Fatal(err)
		}
		if len(l.Via) == 0 {
			l.Via = nil
		}
		if diff := cmp.Diff(l, e.Letter); diff != "" {
			t.Fatalf("letter (-want +got):\n%s", diff)
		}
		if e.Hash() != hash || !bytes.Equal(e.Content(), content) {
			t.Fatalf("got content %s, want %s", e.Content(), content)
		}
		p.Salt = got.Salt
		if got != p || len(got.Salt) != 64 {
			t.Fatal("the personal part is not what was sealed")
		}
	})
}

// However the document is written on its way, its hash and signature stand.
func TestWrittenAnotherWay(t *testing.T) {
	e := parsed(t, "offer")
	doc := tree(t, sample(t, "offer"))
	spaced, err := json.MarshalIndent(doc, "\t", "   ") // other order, spaces, escaped <>&
	if err != nil {
		t.Fatal(err)
	}
	again, _, err := full(spaced, parties(t))
	if err != nil || again.Hash() != e.Hash() {
		t.Fatalf("got hash %s, %v, want %s", again.Hash(), err, e.Hash())
	}
}

func TestContentCutsTimes(t *testing.T) {
	l := goldens()[0].letter
	l.SentAt = l.SentAt.Add(1234567 * time.Nanosecond)
	l.ExpiresAt = ptr(l.SentAt.Add(time.Hour))
	l.Body.OccurredAt = ptr(l.SentAt)
	l.Body.Dues = []leg.Due{{Clock: "handling", Due: l.SentAt}}
	before := l.Body.Dues[0].Due
	content, _, err := Content(l)
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(content), "09:30:00.001234+08:00"); n != 3 {
		t.Errorf("got %d times cut to microseconds, want 3: %s", n, content)
	}
	if !l.Body.Dues[0].Due.Equal(before) {
		t.Error("the caller's letter was changed")
	}
}

func TestContentRefusesWhatAPeerWould(t *testing.T) {
	good := goldens()[0].letter
	for _, c := range []struct {
		code, field string
		change      func(*leg.Letter)
	}{
		{CodeSchema, "/schema", func(l *leg.Letter) { l.Schema = "" }},
		{CodeVersion, "/schema", func(l *leg.Letter) { l.Schema = "9.0" }},
		{CodeType, "/type", func(l *leg.Letter) { l.Type = "send" }},
		{CodeSchema, "/id", func(l *leg.Letter) { l.ID = "" }},
		{CodeSchema, "/number", func(l *leg.Letter) { l.Number = 0 }},
		{CodeSchema, "/body/class", func(l *leg.Letter) { l.Body.Class = "a\nb" }},
		{CodeSchema, "/body/class", func(l *leg.Letter) { l.Body.Class = "\xff" }},
		{CodeSchema, "/body/role", func(l *leg.Letter) { l.Body.Role = "" }},
		{CodeNumber, "/epoch", func(l *leg.Letter) { l.Epoch = 1 << 60 }},
		{CodeRequires, "/requires/0", func(l *leg.Letter) { l.Requires = []string{"body.role"} }},
	} {
		l := good
		c.change(&l)
		_, _, err := Content(l)
		wantRefused(t, err, c.code, c.field)
	}
	l := good
	l.Requires = []string{"/body/safe_contact", "/via"}
	if _, _, err := Content(l); err != nil {
		t.Fatal(err)
	}
}

func TestExtraIsPassedOn(t *testing.T) {
	in := parsed(t, "offer-unknown-fields")
	l := goldens()[0].letter
	content, _, err := ContentWith(l, in.Extra())
	if err != nil {
		t.Fatal(err)
	}
	doc := tree(t, content)
	body := doc["body"].(map[string]any)
	want := map[string]any{"code": "rain", "wind": 4.0}
	if diff := cmp.Diff(want, body["weather"]); diff != "" || doc["x_ticket"] != "A-1" {
		t.Errorf("unknown fields in %s (-want +got):\n%s", content, diff)
	}
	if body["role"] != "lead" || body["class"] != "B03" {
		t.Errorf("our own fields are gone: %s", content)
	}
	for extra, field := range map[string]string{
		`{"body":{"role":"joint"}}`: "/body/role",
		`{"id":"other"}`:            "/id",
		`{"sig":{}}`:                "/sig",
		`{"body":7}`:                "/body",
		`[]`:                        "",
		`{`:                         "",
	} {
		_, _, err := ContentWith(l, []byte(extra))
		wantRefused(t, err, CodeSchema, field)
	}
	_, _, err = ContentWith(l, []byte(`{"x":1.5}`))
	wantRefused(t, err, CodeNumber, "/x")
}

// A letter can be signed and wrapped again after a change of keys, and keeps
// its identity; erased, it keeps its proof.
func TestKeysChangeAndErasure(t *testing.T) {
	all := parties(t)
	e := parsed(t, "feedback") // 110 → 12345
	private, key, err := Open(all["12345"].keys, e)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := OpenWith(key, e.Letter, e.Sealed.Ciphertext); err != nil || again != private {
		t.Fatalf("read again with the case's key: %v", err)
	}

	newSender, err := all["110"].keys.Renew(seal.Signing, e.SentAt.Add(-time.Hour), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	newReader, err := all["12345"].keys.Renew(seal.Receiving, time.Time{}, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	senderPublic, readerPublic := newSender.Public("110", "x"), newReader.Public("12345", "x")
	wantRefused(t, e.Verify(senderPublic), CodeSignature, "/sig/kid") // sent after the old key's end

	sealed, err := Wrap(e.Letter, e.Sealed.Ciphertext, key, readerPublic, all["110"].public)
	if err != nil {
		t.Fatal(err)
	}
	wire, err := Compose(e.Content(), sealed, Signer(newSender))
	if err != nil {
		t.Fatal(err)
	}
	again, err := Parse(wire)
	if err != nil {
		t.Fatal(err)
	}
	if again.Hash() != e.Hash() || again.ID != e.ID {
		t.Errorf("got identity %s %s, want %s %s", again.ID, again.Hash(), e.ID, e.Hash())
	}
	if err := again.Verify(senderPublic); err != nil {
		t.Error(err)
	}
	for _, keys := range []*seal.Keyring{newReader, all["110"].keys} { // two readers
		if p, _, err := Open(keys, again); err != nil || p != private {
			t.Errorf("opened after the change of keys: %v", err)
		}
	}
	_, _, err = Open(all["12345"].keys, again) // has the old key only
	wantRefused(t, err, CodeSealed, "/sealed/keys")

	erased, err := Compose(e.Content(), nil, Signer(newSender))
	if err != nil {
		t.Fatal(err)
	}
	gone, err := Parse(erased)
	if err != nil {
		t.Fatal(err)
	}
	if !gone.Erased() || e.Erased() || gone.Hash() != e.Hash() {
		t.Errorf("erased %v and %v, hash %s, want true and false, %s", gone.Erased(), e.Erased(), gone.Hash(), e.Hash())
	}
	if err := gone.Verify(senderPublic); err != nil {
		t.Error(err)
	}
	_, _, err = Open(newReader, gone)
	wantRefused(t, err, CodeSealed, "/sealed")
}

func TestVerifyWantsTheRightPlatform(t *testing.T) {
	all := parties(t)
	e := parsed(t, "accept")
	wantRefused(t, e.Verify(all["12345"].public), CodeSignature, "/from")
}

// Who signed can be told of a letter that Parse refuses.
func TestVerifyWire(t *testing.T) {
	all := parties(t)
	bad := contract.Invalid()["return-no-basis"].Wire
	if _, err := Parse(bad); err == nil {
		t.Fatal("the letter was taken")
	}
	if err := VerifyWire(bad, all["12345"].public); err != nil {
		t.Errorf("signed and broken: %v", err)
	}
	wantRefused(t, VerifyWire(bad, all["110"].public), CodeSignature, "/from")
	changed := bytes.Replace(bad, []byte("not_duty"), []byte("not_area"), 1)
	wantRefused(t, VerifyWire(changed, all["12345"].public), CodeSignature, "/sig/value")
	wantRefused(t, VerifyWire([]byte(`{"from":"12345"}`), all["12345"].public), CodeSignature, "/sig/kid")
	wantRefused(t, VerifyWire([]byte(`{"from":7,"sig":[],"sent_at":"x"}`), all["12345"].public), CodeSignature, "/from")
	wantRefused(t, VerifyWire([]byte(`{`), all["12345"].public), CodeNotJSON, "")
}

func TestHashOfWire(t *testing.T) {
	e := parsed(t, "offer")
	if got := HashOfWire(sample(t, "offer")); got != e.Hash() {
		t.Errorf("got %s, want %s", got, e.Hash())
	}
	bad := contract.Invalid()["return-no-basis"].Wire
	if got := HashOfWire(bad); len(got) != 64 || got == e.Hash() {
		t.Errorf("got %q, want the hash of the broken letter", got)
	}
	if got := HashOfWire([]byte(`{"a":1.5}`)); got != "" {
		t.Errorf("got %q, want none", got)
	}
}

// What the ledger keeps of a letter reads as it came, but for its sealed part
// and its signature.
func TestStored(t *testing.T) {
	for name, wire := range contract.Valid() {
		e, err := Parse(wire)
		if err != nil {
			t.Fatal(err)
		}
		back, err := Stored(e.Content())
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if diff := cmp.Diff(e.Letter, back.Letter); diff != "" || back.Hash() != e.Hash() || !bytes.Equal(back.Extra(), e.Extra()) {
			t.Errorf("%s: hash %s, want %s (-want +got):\n%s", name, back.Hash(), e.Hash(), diff)
		}
	}
	for _, bad := range []string{``, `[]`, `{"sent_at":7}`, `{"id":1}`} {
		if _, err := Stored([]byte(bad)); err == nil {
			t.Errorf("%s: taken", bad)
		}
	}
}

func TestOpenWithoutPersonalPart(t *testing.T) {
	p, key, err := Open(parties(t)["12345"].keys, parsed(t, "accept"))
	if err != nil || !p.Empty() || !key.Zero() {
		t.Errorf("got %v, %v, want nothing", key, err)
	}
	plain, commitment, err := Plain(leg.Private{Salt: "x"})
	if err != nil || plain != nil || commitment != "" {
		t.Errorf("got %q, %q, %v, want nothing to seal", plain, commitment, err)
	}
}

func TestPlain(t *testing.T) {
	a, ca, err := Plain(leg.Private{Text: "同样的话"})
	if err != nil {
		t.Fatal(err)
	}
	_, cb, err := Plain(leg.Private{Text: "同样的话"})
	if err != nil || ca == cb {
		t.Errorf("got commitment %s twice (%v): it tells equal words", ca, err)
	}
	if ca != seal.Commit(a) {
		t.Errorf("got commitment %s, want %s", ca, seal.Commit(a))
	}
	for _, p := range []leg.Private{{Text: "\xff"}, {Text: "a\x00"}, {Note: strings.Repeat("长", 4001)}, {Text: "x", Salt: "short"}} {
		_, _, err := Plain(p)
		if hotline.CodeOf(err) != CodePrivate {
			t.Errorf("got %v, want %s", err, CodePrivate)
		}
	}
	if _, _, err := Plain(leg.Private{Text: "第一行\n第二行\t完"}); err != nil {
		t.Error(err)
	}
}

func TestLimits(t *testing.T) {
	all := parties(t)
	_, err := Parse(bytes.Repeat([]byte(" "), MaxLetter+1))
	wantRefused(t, err, CodeTooLarge, "")

	l := goldens()[4].letter
	fits := func(n int) []byte { return fmt.Appendf(nil, `{"x":"%s"}`, strings.Repeat("a", n)) }
	content, _, err := ContentWith(l, fits(MaxLetter-2000))
	if err != nil {
		t.Fatal(err)
	}
	wire, err := Compose(content, nil, Signer(all[l.From].keys))
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := full(wire, all); err != nil {
		t.Errorf("just under the limit: %v", err)
	}
	content, _, err = ContentWith(l, fits(MaxLetter))
	if err != nil {
		t.Fatal(err)
	}
	_, err = Compose(content, nil, Signer(all[l.From].keys))
	wantRefused(t, err, CodeTooLarge, "")
}

func TestComposeWantsCanonicalContent(t *testing.T) {
	sign := Signer(parties(t)["12345"].keys)
	for _, c := range []string{`{ "a":1}`, `{"b":1,"a":1}`, `{}`, `[]`, `1`, `{"a":`, ``} {
		if _, err := Compose([]byte(c), nil, sign); hotline.CodeOf(err) != CodeNotJSON {
			t.Errorf("%s: got %v, want %s", c, err, CodeNotJSON)
		}
	}
	failing := func([]byte) (seal.Signature, error) { return seal.Signature{}, fmt.Errorf("no key") }
	if _, err := Compose([]byte(`{"a":1}`), nil, failing); err == nil || hotline.KindOf(err) != hotline.Internal {
		t.Errorf("got %v, want the signer's error", err)
	}
}

// An error says what is wanted and quotes nothing of the letter but names.
func TestErrorsQuoteNothing(t *testing.T) {
	for name, bad := range contract.Invalid() {
		_, err := Parse(bad.Wire)
		if err == nil {
			continue
		}
		for _, word := range []string{"测试", "1390000"} {
			if strings.Contains(err.Error(), word) {
				t.Errorf("%s: the error quotes the letter: %v", name, err)
			}
		}
	}
	long := strings.Repeat("n", 5000)
	_, err := Parse([]byte(`{"` + long + `":1,"` + long + `":2}`))
	if e, ok := err.(*hotline.Error); !ok || len(e.Field) > fieldMost {
		t.Errorf("got a field of %d characters, want at most %d", len(e.Field), fieldMost)
	}
}

func TestPeek(t *testing.T) {
	type seen struct {
		ID, Type, From, Leg string
		Urgent              bool
	}
	wire := sample(t, "offer-urgent")
	whole := seen{"01k1testletter000000000002", "offer", "12345", legC, true}
	for _, c := range []struct {
		name, doc string
		want      seen
	}{
		{"whole", string(wire), whole},
		{"schema broken", strings.Replace(string(wire), `"lead"`, `7`, 1), whole},
		{"cut in the sealed part", string(wire[:len(wire)-100]), whole},
		{"twice", `{"id":"a","id":"b","body":{"urgent":false,"urgent":true}}`, seen{ID: "b", Urgent: true}},
		{"not UTF-8", "{\"id\":\"a\xff\",\"leg\":\"l\"}", seen{ID: "a", Leg: "l"}},
		{"class only", `{"body":{"urgent_class":"C1"}}`, seen{Urgent: true}},
		{"as a text", `{"body":{"urgent":"yes"}}`, seen{Urgent: true}},
		{"out of place", `{"urgent":true,"id":"a"}`, seen{ID: "a", Urgent: true}},
		{"plainly not", `{"body":{"urgent":false,"urgent_class":""},"id":"a"}`, seen{ID: "a"}},
		{"cut in the body", `{"id":"a","body":{"urgent":true,"x":`, seen{ID: "a", Urgent: true}},
		{"wrong types", `{"id":7,"type":[1,{"id":"x"}],"from":null,"body":[{"urgent":true}],"leg":"l"}`, seen{Leg: "l"}},
		{"nested names do not count", `{"x":{"id":"a","urgent":true},"sealed":{"body":{"urgent":true}}}`, seen{}},
		{"control characters", `{"id":"a\u0000\n\u001bb"}`, seen{ID: "ab"}},
		{"long", `{"id":"` + strings.Repeat("长", 100) + `"}`, seen{ID: strings.Repeat("长", 64)}},
		{"an array", `[{"id":"a"}]`, seen{}},
		{"nothing", ``, seen{}},
		{"no JSON", `hello`, seen{}},
		{"over the limit", `{"id":"a","body":{"urgent":true},"x":"` + strings.Repeat("a", MaxLetter) + `"}`, seen{ID: "a", Urgent: true}},
	} {
		var got seen
		got.ID, got.Type, got.From, got.Leg, got.Urgent = Peek([]byte(c.doc))
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
	}
}

// The schemas and the Go types tell of the same fields: each schema names only
// fields that leg.Letter, leg.Body and leg.Private hold, and each field that
// they hold stands in some schema.
func TestSchemasAndTypesAgree(t *testing.T) {
	body := map[string]bool{}
	for _, s := range compiled().types {
		for name := range s.Properties["body"].Properties {
			body[name] = true
			if !bodyFields()[name] {
				t.Errorf("%s: body field %s is not in leg.Body", s.ID, name)
			}
		}
	}
	for name := range bodyFields() {
		if !body[name] {
			t.Errorf("leg.Body holds %s, and no schema has it", name)
		}
	}
	for name := range letterFields() {
		if !compiled().known["offer"]["/"+name] {
			t.Errorf("leg.Letter holds %s, and the envelope's schema has not", name)
		}
	}
	private := tags(reflect.TypeFor[leg.Private]())
	for name := range compiled().private.Properties {
		if !private[name] {
			t.Errorf("personal field %s is not in leg.Private", name)
		}
	}
	if got, want := len(compiled().private.Properties), len(private); got != want {
		t.Errorf("got %d personal fields in the schema, want %d", got, want)
	}
	// Every verb travels, and nothing else does but receipt, error, head, erase, keys, reconcile, parts of files and
	// what a consultation needs.
	want := []string{leg.TypeReceipt, leg.TypeError, leg.TypeHead, leg.TypeErase, leg.TypeKeys, leg.TypeAttachment, leg.TypeReconcile, leg.TypeConsultOpen, leg.TypeConsultSay,
		leg.TypeConsultRule, leg.TypeConsultClose}
	for _, v := range leg.Verbs() {
		if v != leg.Receive { // told by the receipt
			want = append(want, leg.TypeOf(v))
		}
	}
	slices.Sort(want)
	if diff := cmp.Diff(want, contract.Types()); diff != "" {
		t.Errorf("types (-want +got):\n%s", diff)
	}
}

func TestConcurrent(t *testing.T) {
	all := parties(t)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for name, wire := range contract.Valid() {
				if _, _, err := full(wire, all); err != nil {
					t.Errorf("%s: %v", name, err)
				}
			}
		})
	}
	wg.Wait()
}

func FuzzParse(f *testing.F) {
	for _, wire := range contract.Valid() {
		f.Add(wire)
	}
	for _, bad := range contract.Invalid() {
		f.Add(bad.Wire)
	}
	all := parties(f)
	f.Fuzz(func(t *testing.T, wire []byte) {
		e, err := Parse(wire)
		if err != nil {
			if hotline.KindOf(err) != hotline.Invalid || !strings.HasPrefix(hotline.CodeOf(err), "letter_") {
				t.Fatalf("got %v, want a letter's error", err)
			}
			_ = VerifyWire(wire, all["110"].public)
			return
		}
		// What was taken can be written and read again, and is the same letter.
		again, err := Compose(e.Content(), e.Sealed, Signer(all["110"].keys))
		if hotline.CodeOf(err) == CodeTooLarge {
			return // the signature or its escapes are longer than those it had
		}
		if err != nil {
			t.Fatal(err)
		}
		back, err := Parse(again)
		if err != nil || back.Hash() != e.Hash() || !bytes.Equal(back.Extra(), e.Extra()) {
			t.Fatalf("read again: %v, hash %s, want %s", err, back.Hash(), e.Hash())
		}
		id, typ, from, leg, urgent := Peek(wire)
		if id != e.ID || typ != e.Type || from != e.From || leg != e.Thread() || e.Body.Urgent && !urgent {
			t.Fatalf("peeked %q %q %q %q %v, want %+v", id, typ, from, leg, urgent, e.Letter)
		}
	})
}

func FuzzPeek(f *testing.F) {
	for _, bad := range contract.Invalid() {
		f.Add(bad.Wire)
	}
	f.Fuzz(func(t *testing.T, wire []byte) {
		id, typ, from, leg, _ := Peek(wire)
		for _, s := range []string{id, typ, from, leg} {
			if len([]rune(s)) > 64 || strings.ContainsFunc(s, func(r rune) bool { return r < ' ' }) {
				t.Fatalf("%q is not fit to be shown", s)
			}
		}
	})
}

func FuzzPrivate(f *testing.F) {
	plain, _, err := Plain(leg.Private{Text: "测试"})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(plain)
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := readPrivate(b)
		if err == nil && len(p.Salt) != 64 {
			t.Fatalf("taken without a salt: %q", b)
		}
		if err != nil && hotline.CodeOf(err) != CodePrivate {
			t.Fatalf("got %v, want %s", err, CodePrivate)
		}
	})
}

func BenchmarkParseVerify(b *testing.B) {
	all, wire := parties(b), sample(b, "offer")
	b.SetBytes(int64(len(wire)))
	for b.Loop() {
		e, err := Parse(wire)
		if err == nil {
			err = e.Verify(all["12345"].public)
		}
		if err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkParseVerifyOpen(b *testing.B) {
	all, wire := parties(b), sample(b, "offer")
	for b.Loop() {
		if _, _, err := full(wire, all); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkParse(b *testing.B) {
	wire := sample(b, "offer")
	for b.Loop() {
		if _, err := Parse(wire); err != nil {
			b.Fatal(err)
		}
	}
}

// All that a sender does: content, commitment, sealing, wrapping, signing.
func BenchmarkCompose(b *testing.B) {
	all, key, g := parties(b), seal.NewCaseKey(), goldens()[0]
	for b.Loop() {
		g.compose(b, all, key)
	}
}
