package proof

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"crypto/sha256"

	"liandong/internal/audit"
	"liandong/internal/leg"
	"liandong/internal/letter"
	"liandong/internal/seal"
)

const (
	us   = "540000-12345"
	them = "540000-110"
)

var start = time.Date(2026, 3, 11, 10, 0, 0, 0, time.FixedZone("", 8*3600))

// world is a node with a log and a peer, of which files are made.
type world struct {
	t          testing.TB
	keys, peer *seal.Keyring
	leaves     []audit.Hash
	records    [][]byte
	plain      []string
	tiles      map[audit.TileAt][]audit.Hash
}

func newWorld(t testing.TB, records int) *world {
	w := &world{t: t, tiles: map[audit.TileAt][]audit.Hash{}}
	w.keys, w.peer = keyring(t), keyring(t)
	for i := range records {
		plain, commitment, err := letter.Plain(leg.Private{Note: fmt.Sprintf("来电补充第%d次，还没有人来修", i)})
		if err != nil {
			t.Fatal(err)
		}
		doc, err := json.Marshal(map[string]any{"from": "received", "to": "accepted", "version": i, "verb": "accept", "due": "2026-03-12T18:00:00+08:00"})
		if err != nil {
			t.Fatal(err)
		}
		canonical, leaf, err := audit.Leaf(audit.Record{ID: recordID(i), Node: us, Case: caseID(i), Leg: caseID(i) + "l", At: start.UnixMicro() + int64(i),
			Kind: "accept", Actor: "person" + fmt.Sprint(i%7), ActorRole: "operator", Body: doc, Commitment: commitment})
		if err != nil {
			t.Fatal(err)
		}
		w.leaves, w.records, w.plain = append(w.leaves, leaf), append(w.records, canonical), append(w.plain, string(plain))
	}
	changed, err := audit.AppendLeaves(0, w.leaves, w.read)
	if err != nil {
		t.Fatal(err)
	}
	w.tiles = changed
	return w
}

func keyring(t testing.TB) *seal.Keyring {
	k, err := seal.NewKeyring(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func recordID(i int) string { return fmt.Sprintf("01k1a2b3c4d5e6f7g8h9%06d", i) }
func caseID(i int) string   { return fmt.Sprintf("01k0a2b3c4d5e6f7g8h9%06d", i/5) }

func (w *world) read(at audit.TileAt) ([]audit.Hash, error) { return w.tiles[at], nil }

func (w *world) head(size int, keys seal.KeyService) string {
	root, err := audit.Root(int64(size), w.read)
	if err != nil {
		w.t.Fatal(err)
	}
	signed, err := audit.SignHead(audit.Head{Platform: us, Size: int64(size), Root: root, Epoch: 1, At: start.Add(time.Duration(size) * time.Second)}, keys)
	if err != nil {
		w.t.Fatal(err)
	}
	return signed
}

func (w *world) event(i, size int) Event {
	e := Event{Index: int64(i), Leaf: hex.EncodeToString(w.leaves[i][:]), Record: w.records[i]}
	if size > 0 {
		path, err := audit.Inclusion(int64(i), int64(size), w.read)
		if err != nil {
			w.t.Fatal(err)
		}
		e.Path = path
	}
	return e
}

func (w *world) letter(i int, number int64, mine bool) (string, Letter) {
	from, to, keys := us, them, w.keys
	if !mine {
		from, to, keys = them, us, w.peer
	}
	m := leg.Letter{ID: fmt.Sprintf("01k2%v%06d%d", mine, i, number), Type: "progress", Schema: leg.Schema, From: from, To: to, Link: "a~b", Epoch: 1,
		Cases: map[string]string{us: caseID(i)}, Leg: caseID(i) + "l", Number: number, SentAt: start, Body: leg.Body{Person: "测试民警"}}
	plain, commitment, err := letter.Plain(leg.Private{Note: "已到现场"})
	if err != nil {
		w.t.Fatal(err)
	}
	m.Commitment = commitment
	content, hash, err := letter.Content(m)
	if err != nil {
		w.t.Fatal(err)
	}
	sig, err := letter.Signer(keys)(content)
	if err != nil {
		w.t.Fatal(err)
	}
	return m.ID, Letter{State: "applied", Hash: hash, Sig: sig, Content: content, Personal: string(plain)}
}

// plan says what a file shall hold, honest unless a test changes it.
type plan struct {
	title  Title
	keys   []seal.PublicKeys
	heads  []string
	ids    []string
	events []Event
	letIDs []string
	lets   []Letter
	signer seal.KeyService
}

func (w *world) publicKeys() []seal.PublicKeys {
	return []seal.PublicKeys{w.keys.Public(us, "热线"), w.peer.Public(them, "公安")}
}

// ofCase is an honest export of the second case.
func (w *world) ofCase() *plan {
	n := len(w.records)
	p := &plan{title: Title{Kind: OfCase, Platform: us, Case: caseID(5), At: start.Add(time.Hour), Revealed: true}, keys: w.publicKeys(),
		heads: []string{w.head(n, w.keys)}, signer: w.keys}
	for i := 5; i < 10; i++ {
		e := w.event(i, n)
		e.Personal = w.plain[i]
		p.ids, p.events = append(p.ids, recordID(i)), append(p.events, e)
	}
	for number := range int64(2) {
		for _, mine := range []bool{true, false} {
			id, l := w.letter(5, number+1, mine)
			p.letIDs, p.lets = append(p.letIDs, id), append(p.lets, l)
		}
	}
	return p
}

// ofLog is an honest export of everything.
func (w *world) ofLog() *plan {
	n := len(w.records)
	p := &plan{title: Title{Kind: OfLog, Platform: us, At: start.Add(time.Hour)}, keys: w.publicKeys(),
		heads: []string{w.head(n/2, w.keys), w.head(n, w.keys)}, signer: w.keys}
	for i := range w.records {
		p.ids, p.events = append(p.ids, recordID(i)), append(p.events, w.event(i, 0))
	}
	return p
}

func (p *plan) file(t testing.TB) []byte {
	var b bytes.Buffer
	w := NewWriter(&b, p.title)
	for _, k := range p.keys {
		w.Keys(k)
	}
	for _, h := range p.heads {
		w.Head(h)
	}
	for i, e := range p.events {
		w.Event(p.ids[i], e)
	}
	for i, l := range p.lets {
		w.Letter(p.letIDs[i], l)
	}
	if err := w.Close(p.signer); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func verify(t testing.TB, file []byte, keys ...seal.PublicKeys) Report {
	t.Helper()
	o := Options{Keys: map[string]seal.PublicKeys{}}
	for _, k := range keys {
		o.Keys[k.Platform] = k
	}
	r, err := Verify(bytes.NewReader(file), o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestHonest(t *testing.T) {
	w := newWorld(t, 700)
	for _, p := range []*plan{w.ofCase(), w.ofLog()} {
		r := verify(t, p.file(t))
		if !r.OK || r.Pinned || r.Size != 700 || r.Events != len(p.events) || r.Letters != len(p.lets) || r.KeyID == "" {
			t.Errorf("%s: got %+v, want it whole", p.title.Kind, r)
		}
		if r := verify(t, p.file(t), w.publicKeys()...); !r.OK || !r.Pinned {
			t.Errorf("%s, keys pinned: got %+v, want it whole", p.title.Kind, r)
		}
		e := p.events[len(p.events)-1]
		e.Index, e.Path = -1, nil
		p.events[len(p.events)-1] = e
		if p.title.Kind == OfCase {
			if r := verify(t, p.file(t)); !r.OK || r.Unindexed != 1 {
				t.Errorf("a record without a place: got %+v, want it told and no fault", r)
			}
		}
	}
}

// swap changes one text of a line into another of the same kind.
func swap(b []byte, from, to string) []byte {
	if !bytes.Contains(b, []byte(from)) {
		panic("the file does not hold " + from)
	}
	return bytes.Replace(b, []byte(from), []byte(to), 1)
}

// The corpus of forgeries: who wrote the file is the forger, with or without
// the node's key; each is found, and what was touched is named.
func TestForgeries(t *testing.T) {
	w := newWorld(t, 700)
	thief := keyring(t)
	type forged struct {
		code, names string // the fault that must be among those found, and what it names
		file        func() []byte
	}
	change := func(make func() *plan, f func(p *plan)) func() []byte {
		return func() []byte { p := make(); f(p); return p.file(t) }
	}
	cases := map[string]forged{
		"a bit of a record": {RecordChanged, recordID(7), func() []byte {
			return swap(w.ofCase().file(t), `"id":"`+recordID(7)+`","kind":"accept"`, `"id":"`+recordID(7)+`","kind":"accepu"`)
		}},
		"a record and its leaf": {RecordNotInTree, recordID(7), change(w.ofCase, func(p *plan) { rewrite(&p.events[2]) })},
		"a record of a log": {RecordChanged, recordID(300), func() []byte {
			return swap(w.ofLog().file(t), `"id":"`+recordID(300)+`","kind":"accept"`, `"id":"`+recordID(300)+`","kind":"return"`)
		}},
		"a record of a log and its leaf": {HeadRoot, "0–349", change(w.ofLog, func(p *plan) { rewrite(&p.events[300]) })},
		"a dropped line of a case":       {RecordMissing, recordID(7), func() []byte { return dropLine(w.ofCase().file(t), recordID(7)) }},
		"a dropped leaf of a log":        {RecordMissing, "300", change(w.ofLog, func(p *plan) { p.events = slices.Delete(p.events, 300, 301) })},
		"a dropped leaf, the rest moved up": {HeadRoot, "0–349", change(w.ofLog, func(p *plan) {
			p.events = slices.Delete(p.events, 300, 301)
			for i := range p.events {
				p.events[i].Index = int64(i)
			}
		})},
		"two records swapped": {RecordOrder, recordID(6), change(w.ofCase, func(p *plan) { p.events[1], p.events[2] = p.events[2], p.events[1] })},
		"two places swapped": {RecordNotInTree, recordID(6), change(w.ofCase, func(p *plan) {
			p.events[1].Record, p.events[2].Record = p.events[2].Record, p.events[1].Record
			p.events[1].Leaf, p.events[2].Leaf = p.events[2].Leaf, p.events[1].Leaf
			p.events[1].Personal, p.events[2].Personal = p.events[2].Personal, p.events[1].Personal
		})},
		"a place used twice": {RecordTwice, recordID(6), change(w.ofCase, func(p *plan) {
			p.events = slices.Insert(p.events, 1, p.events[1])
			p.ids = slices.Insert(p.ids, 1, p.ids[1])
		})},
		"records of a log swapped": {RecordOrder, recordID(300), change(w.ofLog, func(p *plan) { p.events[300], p.events[301] = p.events[301], p.events[300] })},
		"signed by another key":    {HeadSignature, "", change(w.ofCase, func(p *plan) { p.heads = []string{w.head(700, thief)} })},
		"all signed by another key": {KeyOther, us, change(w.ofCase, func(p *plan) {
			p.heads, p.signer, p.keys[0] = []string{w.head(700, thief)}, thief, thief.Public(us, "热线")
		})},
		"a truncated log":        {LogCut, "690", change(w.ofLog, func(p *plan) { p.events = p.events[:690] })},
		"a file cut off":         {FileCut, "", func() []byte { b := w.ofLog().file(t); return b[:len(b)*2/3] }},
		"an old head":            {HeadOld, recordID(7), change(w.ofCase, func(p *plan) { p.heads = []string{w.head(7, w.keys)} })},
		"an old head of a log":   {HeadOld, recordID(350), change(w.ofLog, func(p *plan) { p.heads = p.heads[:1] })},
		"heads in another order": {HeadOrder, "350", change(w.ofLog, func(p *plan) { slices.Reverse(p.heads) })},
		"no head":                {HeadMissing, "", change(w.ofCase, func(p *plan) { p.heads = nil })},
		"a record of another case": {RecordForeign, recordID(3), change(w.ofCase, func(p *plan) {
			p.events[0], p.ids[0] = w.event(3, 700), recordID(3)
		})},
		"another personal text": {CommitmentWrong, recordID(7), change(w.ofCase, func(p *plan) { p.events[2].Personal = p.events[3].Personal })},
		"a letter's content": {LetterSignature, "01k2false0000051", change(w.ofCase, func(p *plan) {
			p.lets[1].Content = swap(p.lets[1].Content, "测试民警", "测试坐席")
			p.lets[1].Hash = letter.HashOf(p.lets[1].Content)
		})},
		"a letter of the ledger":    {LetterChanged, "01k2true0000051", change(w.ofCase, func(p *plan) { resign(w, &p.lets[0]) })},
		"a letter by another hand":  {LetterSignature, "01k2false0000051", change(w.ofCase, func(p *plan) { p.lets[1].Sig, _ = letter.Signer(thief)(p.lets[1].Content) })},
		"a letter's personal text":  {CommitmentWrong, "01k2false0000051", change(w.ofCase, func(p *plan) { p.lets[1].Personal = p.lets[0].Personal })},
		"a letter left out":         {LetterMissing, them + " " + caseID(5) + "l 1", change(w.ofCase, func(p *plan) { p.lets, p.letIDs = slices.Delete(p.lets, 1, 2), slices.Delete(p.letIDs, 1, 2) })},
		"a letter's line taken out": {LetterMissing, "01k2false0000052", func() []byte { return dropLine(w.ofCase().file(t), "01k2false0000052") }},
		"a letter twice":            {LetterTwice, them + " " + caseID(5) + "l 1", change(w.ofCase, func(p *plan) { p.lets, p.letIDs = append(p.lets, p.lets[1]), append(p.letIDs, p.letIDs[1]) })},
		"the title":                 {FileChanged, "", func() []byte { return swap(w.ofCase().file(t), `"revealed":true`, `"revealed":false`) }},
		"the end signed by another": {FileChanged, "", change(w.ofCase, func(p *plan) { p.signer = thief })},
		"no keys":                   {KeyMissing, us, change(w.ofCase, func(p *plan) { p.keys = p.keys[1:] })},
		"no proof at all":           {FileForm, "", func() []byte { return []byte("{}\n") }},
		"nothing":                   {FileForm, "", func() []byte { return nil }},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			r := verify(t, c.file(), w.publicKeys()...)
			if r.OK {
				t.Fatal("the forgery passes")
			}
			for _, f := range r.Faults {
				at := ""
				if f.Index != nil {
					at = fmt.Sprint(*f.Index)
				}
				if f.Code == c.code && slices.Contains([]string{f.Record, f.Letter, at, f.Detail}, c.names) {
					return
				}
			}
			t.Errorf("got %+v, want %s naming %q", r.Faults, c.code, c.names)
		})
	}
}

// rewrite forges a record whole, leaf and all.
func rewrite(e *Event) {
	e.Record = swap(e.Record, `"kind":"accept"`, `"kind":"return"`)
	leaf := audit.HashLeaf(e.Record)
	e.Leaf = hex.EncodeToString(leaf[:])
}

// resign changes a letter of the node's own ledger, where only the signature is
// made anew.
func resign(w *world, l *Letter) {
	l.Content = swap(l.Content, "测试民警", "测试坐席")
	l.Sig, _ = letter.Signer(w.keys)(l.Content)
}

func dropLine(file []byte, with string) []byte {
	lines := bytes.SplitAfter(file, []byte("\n"))
	for i, l := range lines {
		if bytes.Contains(l, []byte(with)) {
			return bytes.Join(slices.Delete(lines, i, i+1), nil)
		}
	}
	panic("no line holds " + with)
}

// Whatever byte is changed, the file does not pass.
func TestEveryByteCounts(t *testing.T) {
	w := newWorld(t, 40)
	file := w.ofCase().file(t)
	step := 1
	if testing.Short() {
		step = 17
	}
	for i := 0; i < len(file)-1; i += step { // the last is the line break
		forged := bytes.Clone(file)
		forged[i] ^= 1
		if r := verify(t, forged, w.publicKeys()...); r.OK {
			t.Fatalf("byte %d (%q) changed: it passes", i, file[max(0, i-20):i+1])
		}
	}
}

func FuzzVerify(f *testing.F) {
	w := newWorld(f, 12)
	f.Add(w.ofCase().file(f))
	f.Add([]byte(strings.Repeat(`{"proof":null}`+"\n", 3)))
	f.Fuzz(func(t *testing.T, b []byte) {
		if _, err := Verify(bytes.NewReader(b), Options{}); err != nil && len(b) < lineMost {
			t.Fatal(err)
		}
	})
}

// BenchmarkVerify compares with the least that anyone must do: hash the file
// with SHA-256 and check its signatures. The issue asks for a ratio below 2.
func BenchmarkVerify(b *testing.B) {
	w := newWorld(b, 100_000)
	p := w.ofLog()
	p.title.Kind = OfLog
	for i := 0; i < 100_000; i += 5 { // four letters to a case of five events, as in the demonstration
		for number := range int64(2) {
			for _, mine := range []bool{true, false} {
				id, l := w.letter(i, number+1, mine)
				l.Personal = ""
				p.letIDs, p.lets = append(p.letIDs, id), append(p.lets, l)
			}
		}
	}
	file := p.file(b)
	b.ReportMetric(float64(len(file))/1e6, "MB")
	var ratio float64
	for b.Loop() {
		runtime.GC()
		from := time.Now()
		sha256.Sum256(file)
		for i, l := range p.lets {
			keys := p.keys[i%2]
			if err := letter.VerifyContent(keys, l.Content, start, l.Sig); err != nil {
				b.Fatal(err)
			}
		}
		floor := time.Since(from)
		runtime.GC()
		from = time.Now()
		if r := verify(b, file); !r.OK {
			b.Fatalf("%+v", r.Faults[0])
		}
		ratio = float64(time.Since(from)) / float64(floor)
	}
	b.ReportMetric(ratio, "x_floor")
}
