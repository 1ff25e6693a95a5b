package exchange

import (
	"encoding/json"
	"testing"

	"liandong/internal/desk"
	"liandong/internal/hotline"
	"liandong/internal/leg"
	"liandong/internal/letter"
	"liandong/internal/seal"
)

// A newer node talks with this one: what a later minor adds is kept, what it
// cannot do without is refused, and so is another major.
func TestOlderAndNewerNodeTalk(t *testing.T) {
	onBoth(t, func(t *testing.T, p *pair) {
		c := p.a.take(t, "测试新旧版本互通路灯坏了", func(*desk.In) {})
		p.a.send(t, c.ID, desk.Order{To: "110"})
		out := p.a.out(t, p.b)[0]
		// newer is the offer as a node of a later version writes it.
		newer := func(change func(doc, body map[string]any)) []byte {
			var doc map[string]any
			if err := json.Unmarshal([]byte(out.Content), &doc); err != nil {
				t.Fatal(err)
			}
			delete(doc, "commitment") // of a part that this letter does not carry
			doc["id"], doc["leg"], doc["schema"] = hotline.NewID(), hotline.NewID(), "1.7"
			change(doc, doc["body"].(map[string]any))
			content, err := json.Marshal(doc)
			if err != nil {
				t.Fatal(err)
			}
			canonical, err := seal.Canonical(content)
			if err != nil {
				t.Fatal(err)
			}
			wire, err := letter.Compose(canonical, nil, letter.Signer(p.a.keys))
			if err != nil {
				t.Fatal(err)
			}
			return wire
		}

		wire := newer(func(doc, body map[string]any) {
			doc["weather"], body["hazard_map"] = "雪", map[string]any{"sheet": 7}
			doc["requires"] = []string{"/leg", "/body/role"}
		})
		sent, err := letter.Parse(wire)
		if err != nil {
			t.Fatal(err)
		}
		code, e := p.b.post(t, wire)
		if code != 200 || e.Type != leg.TypeReceipt || e.Body.Status != leg.ReceiptApplied || e.Body.Hash != sent.Hash() {
			t.Fatalf("a later minor: got %d %s %s %s, want a receipt for the hash with all its fields", code, e.Type, e.Body.Status, e.Body.Code)
		}
		if e.Schema != leg.Schema {
			t.Errorf("answered in version %s, want ours, %s: the newer node reads that", e.Schema, leg.Schema)
		}
		kept, err := p.b.st.Reader().LetterIn(t.Context(), sent.ID)
		if err != nil || kept.Content != string(sent.Content()) {
			t.Errorf("kept %s, %v, want the content with the fields that we do not know", kept.Content, err)
		}
		l, err := p.b.st.Reader().Leg(t.Context(), sent.Leg)
		if want := `{"body":{"hazard_map":{"sheet":7}},"weather":"雪"}`; err != nil || l.Extra != want {
			t.Errorf("to be passed on: got %s, %v, want %s", l.Extra, err, want)
		}

		for name, tc := range map[string]struct {
			change      func(doc, body map[string]any)
			code, field string
		}{
			"requires what we do not know": {func(doc, body map[string]any) {
				body["hazard_map"], doc["requires"] = 1, []string{"/body/hazard_map"}
			}, letter.CodeRequires, "/requires/0"},
			"another type":  {func(doc, _ map[string]any) { doc["type"] = "ponder" }, letter.CodeType, "/type"},
			"another major": {func(doc, _ map[string]any) { doc["schema"] = "2.0" }, letter.CodeVersion, "/schema"},
		} {
			_, e := p.b.post(t, newer(tc.change))
			if e.Type != leg.TypeError || e.Body.Code != tc.code || e.Body.Field != tc.field || e.Body.Status != desk.Dropped {
				t.Errorf("%s: got %s %s %s %s, want the error %s at %s", name, e.Type, e.Body.Code, e.Body.Field, e.Body.Status, tc.code, tc.field)
			}
		}
	})
}
