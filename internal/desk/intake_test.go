package desk_test

import (
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"liandong/internal/desk"
	"liandong/internal/hotline"
	"liandong/internal/leg"
	"liandong/internal/triage"
)

// Every field is refused by its own code and name, and nothing is kept.
func TestIntakeRefuses(t *testing.T) {
	long := strings.Repeat("长", 34_000) // 100 KB
	type change = func(*desk.In)
	tests := []struct {
		what   string
		change change
		code   string
		field  string
	}{
		{"no text", func(in *desk.In) { in.Text = "" }, "text_empty", "text"},
		{"only spaces", func(in *desk.In) { in.Text = " \u3000\n\t\u00a0" }, "text_empty", "text"},
		{"only what cannot be seen", func(in *desk.In) { in.Text = "\u200b\u2060\ufeff" }, "text_empty", "text"},
		{"100 KB", func(in *desk.In) { in.Text = long }, "text_long", "text"},
		{"control character", func(in *desk.In) { in.Text = "井盖\x00坏了" }, "text_control", "text"},
		{"escape sequence", func(in *desk.In) { in.Text = "井盖\x1b[31m坏了" }, "text_control", "text"},
		{"not UTF-8", func(in *desk.In) { in.Text = "井盖\xff坏了" }, "text_encoding", "text"},
		{"half a character", func(in *desk.In) { in.Text = "井盖坏了"[:10] }, "text_encoding", "text"},
		{"name of two lines", func(in *desk.In) { in.CallerName = "张\n测试" }, "text_control", "caller.name"},
		{"long name", func(in *desk.In) { in.CallerName = long }, "text_long", "caller.name"},
		{"name of spaces", func(in *desk.In) { in.CallerName = "  " }, "text_empty", "caller.name"},
		{"name not UTF-8", func(in *desk.In) { in.CallerName = "\xc0\x80" }, "text_encoding", "caller.name"},
		{"long address", func(in *desk.In) { in.Address = long }, "text_long", "address"},
		{"language", func(in *desk.In) { in.Language = "z\x07" }, "text_control", "caller.language"},
		{"safe contact", func(in *desk.In) { in.SafeContact = long }, "text_long", "safe_contact"},
		{"call id", func(in *desk.In) { in.CallID = "a\nb" }, "text_control", "call_id"},
		{"external id", func(in *desk.In) { in.ExternalID = long }, "text_long", "external_id"},
		{"key", func(in *desk.In) { in.Key = "\x01" }, "text_control", "Idempotency-Key"},
		{"danger", func(in *desk.In) { in.Danger = "a\tb" }, "text_control", "danger"},
		{"reason of the level", func(in *desk.In) { in.LevelReason = long }, "text_long", "level_reason"},
		{"phone of words", func(in *desk.In) { in.CallerPhone = "call me" }, "phone_invalid", "caller.phone"},
		{"phone too long", func(in *desk.In) { in.CallerPhone = strings.Repeat("1", 30) }, "phone_invalid", "caller.phone"},
		{"phone in full width", func(in *desk.In) { in.CallerPhone = "１３９００００００００１" }, "phone_invalid", "caller.phone"},
		{"phone with SQL", func(in *desk.In) { in.CallerPhone = "1' OR '1'='1" }, "phone_invalid", "caller.phone"},
		{"a minus", func(in *desk.In) { in.CallerPhone = "-139" }, "phone_invalid", "caller.phone"},
		{"no region at all", func(in *desk.In) { in.Region = "999999" }, "region_unknown", "region"},
		{"region by name", func(in *desk.In) { in.Region = "拉萨" }, "region_unknown", "region"},
		{"channel", func(in *desk.In) { in.Channel = "fax" }, "channel_unknown", "channel"},
		{"no channel", func(in *desk.In) { in.Channel = "" }, "channel_unknown", "channel"},
		{"class", func(in *desk.In) { in.Category = "Z99" }, "category_unknown", "category"},
		{"urgent class as category", func(in *desk.In) { in.Category = "C1" }, "category_unknown", "category"},
		{"item", func(in *desk.In) { in.Item = "none" }, "item_unknown", "item"},
		{"kind", func(in *desk.In) { in.Kind = "gossip" }, "kind_unknown", "kind"},
		{"level 5", func(in *desk.In) { in.Level = 5 }, "level_range", "level"},
		{"level -1", func(in *desk.In) { in.Level = -1 }, "level_range", "level"},
		{"urgent", func(in *desk.In) { in.Urgent = ptr("A01") }, "urgent_unknown", "urgent"},
		{"first response", func(in *desk.In) { in.FirstResponse = "D9" }, "first_response_unknown", "first_response"},
		{"subject unit", func(in *desk.In) { in.SubjectUnit = "540102-none" }, "unit_unknown", "subject_unit"},
		{"the future", func(in *desk.In) { in.OccurredAt = time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC) }, "occurred_in_future", "occurred_at"},
		{"phone number in safe contact", func(in *desk.In) { in.SafeContact = "打13900000002" }, "personal_here", "safe_contact"},

		{"leg to nowhere", func(in *desk.In) { in.Legs = []desk.Order{to("")} }, "to_unknown", "legs[0].to"},
		{"leg to a word", func(in *desk.In) { in.Legs = []desk.Order{to("somebody")} }, "to_unknown", "legs[0].to"},
		{"leg to us", func(in *desk.In) { in.Legs = []desk.Order{to("12345")} }, "to_self", "legs[0].to"},
		{"leg to our platform", func(in *desk.In) { in.Legs = []desk.Order{to("platform:540000-12345")} }, "to_self", "legs[0].to"},
		{"leg to no unit", func(in *desk.In) { in.Legs = []desk.Order{to("unit:540102-none")} }, "unit_unknown", "legs[0].to"},
		{"leg to a unit of police", func(in *desk.In) { in.Legs = []desk.Order{to("unit:" + police)} }, "unit_other_line", "legs[0].to"},
		{"leg to no link", func(in *desk.In) { in.Legs = []desk.Order{to("119")} }, "link_unknown", "to"},
		{"leg to an unknown platform", func(in *desk.In) { in.Legs = []desk.Order{to("platform:540000-119")} }, "link_unknown", "legs[0].to"},
		{"role", func(in *desk.In) { in.Legs = []desk.Order{{To: "110", Role: "boss"}} }, "role_unknown", "legs[0].role"},
		{"long ask", func(in *desk.In) { in.Legs = []desk.Order{{To: "110", Ask: long}} }, "text_long", "legs[0].ask"},
		{"ask with a bell", func(in *desk.In) { in.Legs = []desk.Order{{To: "110", Ask: "\a叮"}} }, "text_control", "legs[0].ask"},
		{"call id of a leg", func(in *desk.In) { in.Legs = []desk.Order{{To: "110", CallID: long}} }, "text_long", "legs[0].call_id"},
		{"leg for no leg", func(in *desk.In) { in.Legs = []desk.Order{{To: "110", ForLeg: "nothing"}} }, "for_leg_unknown", "legs[0].for_leg"},
		{"replaces nothing", func(in *desk.In) { in.Legs = []desk.Order{{To: "110", Replaces: "nothing"}} }, "replaces_wrong", "legs[0].replaces"},
		{"the second of two", func(in *desk.In) { in.Legs = []desk.Order{to("unit:" + housing), to("unit:540102-none")} }, "unit_unknown", "legs[1].to"},
		{"twice the same", func(in *desk.In) { in.Legs = []desk.Order{to("unit:" + housing), to("unit:" + housing)} }, "leg_twice", "legs[1].to"},
		{"to whom it is about", func(in *desk.In) {
			in.SubjectUnit = housing
			in.Legs = []desk.Order{to("unit:" + urban), to("unit:" + housing)}
		}, "subject_unit", "legs[1].to"},
	}
	onBoth(t, func(t *testing.T, w *world) {
		for _, tt := range tests {
			in := intake(plain)
			in.ExternalID = "refused" // must not be claimed by what is refused
			tt.change(&in)
			_, created, err := w.Intake(t.Context(), w.lead, in)
			wantField(t, tt.what, err, tt.code, tt.field)
			if created {
				t.Errorf("%s: got a case", tt.what)
			}
		}
		if n := w.count(); n != 0 {
			t.Errorf("after refusals: got %d cases, want none", n)
		}
		waiting := must(w.st.Reader().LettersOut(t.Context(), "540000-110", "", "", 100))(t)
		if len(waiting) != 0 {
			t.Errorf("after refusals: got %d letters, want none", len(waiting))
		}
		w.take(plain, func(in *desk.In) { in.ExternalID = "refused" })
	})
}

// The words come back byte for byte, whatever they are.
func TestIntakeKeepsTheWords(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		for _, text := range []string{
			plain,
			"ལྷ་ས་གྲོང་ཁྱེར་ལ་ཆུ་མི་འདུག",
			"水管爆了💦👨‍👩‍👧🇨🇳 快来",
			"  第一行\r\n\t第二行\n\n末行  ",
			"ＡＢＣ１２３　全角　，。！",
			"e\u0301 \ufeff字\u200d",
			"'; DROP TABLE case_file; -- <script>alert(1)</script>",
			strings.Repeat("满", 10_000),
		} {
			v := w.take(text)
			p := must(w.Reveal(t.Context(), w.lead, v.ID, "核对原话"))(t)
			if p.Text != text {
				t.Errorf("words: got %q, want %q", p.Text, text)
			}
			if p.Name != "张测试" || p.Phone != "13900000001" || p.Address != "测试路1号院2单元" {
				t.Errorf("caller: got %+v", p)
			}
		}
	})
}

// The proposal and what the person chose are both kept.
func TestIntakeKeepsProposalAndChoice(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		v := w.take(plain)
		if v.Decided || v.Category == "" || v.Category != v.Proposal.Category || v.Kind != "help" || v.Catalogue == "" {
			t.Errorf("not chosen: got %+v", v.Case)
		}
		v = w.take(plain, func(in *desk.In) {
			in.Category, in.Kind, in.OccurredAt = "A06", "consult", w.clock.Now().Add(-time.Hour).Add(789*time.Nanosecond)
		})
		again := w.see(v.ID)
		if again.Category != "A06" || !again.Decided || again.Kind != "consult" || again.Line != "12345" {
			t.Errorf("choice: got %+v", again.Case)
		}
		if again.Proposal.Category != "A01" || len(again.Proposal.Reasons) == 0 || again.Proposal.Version == "" {
			t.Errorf("proposal beside it: got %+v, want A01 with reasons", again.Proposal)
		}
		if diff := cmp.Diff(v.Case, again.Case); diff != "" {
			t.Errorf("the answer is not what is on file (-answer +file):\n%s", diff)
		}
		if diff := cmp.Diff(v.Proposal, again.Proposal); diff != "" {
			t.Errorf("proposal (-answer +file):\n%s", diff)
		}
	})
}

func TestIntakeLevel(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		for _, tt := range []struct {
			what  string
			text  string
			in    func(*desk.In)
			level int
			note  string
		}{
			{"by the class", plain, func(*desk.In) {}, 3, ""},
			{"by the urgent class", fire, func(*desk.In) {}, 1, ""},
			{"by a person, with a reason", plain, func(in *desk.In) { in.Level, in.LevelReason = 2, "学校门口" }, 2, "学校门口"},
		} {
			v := w.take(tt.text, tt.in)
			if v.Level != tt.level {
				t.Errorf("%s: got level %d, want %d", tt.what, v.Level, tt.level)
			}
			if es := w.events(v.ID); string(es[0].Text) != tt.note || es[0].Kind != "created" {
				t.Errorf("%s: got %s %q, want created %q", tt.what, es[0].Kind, es[0].Text, tt.note)
			}
		}
	})
}

func TestIntakeUnread(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		// Danger is never refused for its words: what is personal in them is hidden where anybody reads it, and sealed whole.
		v := w.take(plain, func(in *desk.In) { in.Danger = "张测试手里有刀，电话13900000001" })
		if strings.Contains(v.Danger, "张测试") || strings.Contains(v.Danger, "1390") || !strings.Contains(v.Danger, "有刀") {
			t.Errorf("danger: got %q, want it without name and number", v.Danger)
		}
		notes := must(w.Reveal(t.Context(), w.lead, v.ID, "核对"))(t).Notes
		if whole := notes[w.events(v.ID)[0].ID]; whole != "张测试手里有刀，电话13900000001" {
			t.Errorf("danger in the event: got %q, want the whole", whole)
		}
		for text, want := range map[string]bool{plain: false, "井盖坏": true, "ལྷ་ས་གྲོང་ཁྱེར་ལ་ཆུ་མི་འདུག": true} {
			v := w.take(text)
			if v.Unread != want {
				t.Errorf("%q: got unread %v, want %v", text, v.Unread, want)
			}
			if !want {
				continue
			}
			if v, _ = w.Decide(t.Context(), w.lead, v.ID, desk.Decision{Category: ptr("A01")}); v.Unread || !v.Decided {
				t.Errorf("%q after a person's decision: got unread %v, decided %v", text, v.Unread, v.Decided)
			}
		}
	})
}

// Where nobody says where it happened, it lies in the region of who took it.
func TestIntakeRegion(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		here, bound := w.lead, w.actor(hotline.Operator, lhasa, "")
		for _, tt := range []struct {
			what   string
			a      hotline.Actor
			text   string
			region string
			want   string
		}{
			{"said", here, plain, chengguan, chengguan},
			{"not said", here, plain, "", "540000"},
			{"named in the text", here, "日喀则桑珠孜区路上的井盖坏了", "", "540202"},
			{"said wins", here, "日喀则桑珠孜区路上的井盖坏了", chengguan, chengguan},
			{"a desk of Lhasa", bound, plain, "", lhasa},
			{"a desk of Lhasa, named outside", bound, "日喀则桑珠孜区路上的井盖坏了", "", lhasa},
			{"a desk of Lhasa, named inside", bound, "拉萨市城关区路上的井盖坏了", "", chengguan},
		} {
			in := intake(tt.text)
			in.Region = tt.region
			v, _, err := w.Intake(t.Context(), tt.a, in)
			if err != nil || v.Region != tt.want {
				t.Errorf("%s: got %q, %v, want %q", tt.what, v.Region, err, tt.want)
				continue
			}
			if _, err := w.Case(t.Context(), tt.a, v.ID); err != nil {
				t.Errorf("%s: who took it does not see it: %v", tt.what, err)
			}
		}
		in := intake(plain)
		in.Region = shigatse
		_, _, err := w.Intake(t.Context(), bound, in)
		wantCode(t, "outside the region", err, "denied")
	})
}

func TestIntakeAgain(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		prog := token("program", hotline.TakeCases)
		take := func(change func(*desk.In)) (string, bool, error) {
			in := intake(plain)
			in.Legs = nil
			change(&in)
			v, created, err := w.Intake(t.Context(), prog, in)
			return v.ID, created, err
		}
		first, created, err := take(func(in *desk.In) { in.ExternalID, in.Key = "E1", "K1" })
		if err != nil || !created {
			t.Fatalf("first: %v, created %v", err, created)
		}
		for what, change := range map[string]func(*desk.In){
			"both again":        func(in *desk.In) { in.ExternalID, in.Key = "E1", "K1" },
			"another key":       func(in *desk.In) { in.ExternalID, in.Key = "E1", "K2" },
			"external id alone": func(in *desk.In) { in.ExternalID = "E1" },
		} {
			id, created, err := take(change)
			if err != nil || created || id != first {
				t.Errorf("%s: got %s, created %v, %v; want the first case", what, id, created, err)
			}
		}
		for what, change := range map[string]func(*desk.In){
			"other words": func(in *desk.In) { in.ExternalID, in.Text = "E1", plain+"！" },
			"other phone": func(in *desk.In) { in.ExternalID, in.CallerPhone = "E1", "13900000002" },
			"other key":   func(in *desk.In) { in.Key = "K1" }, // without the external id the body is another
		} {
			_, _, err := take(change)
			wantCode(t, what, err, "key_reused")
			if hotline.KindOf(err) != hotline.Invalid {
				t.Errorf("%s: got %s, want invalid", what, hotline.KindOf(err))
			}
		}
		v, created, err := w.Intake(t.Context(), token("another", hotline.TakeCases), func() desk.In { in := intake(plain); in.ExternalID = "E1"; return in }())
		if err != nil || !created || v.ID == first {
			t.Errorf("same external id of another program: got %s, created %v, %v; want a case of its own", v.ID, created, err)
		}
		// The orders of a repeat are the same though the first sending filled in roles.
		in := intake(plain)
		in.Key, in.Legs = "with legs", []desk.Order{to("unit:" + housing)}
		one, _, err := w.Intake(t.Context(), w.lead, in)
		if err != nil {
			t.Fatal(err)
		}
		two, created, err := w.Intake(t.Context(), w.lead, in)
		if err != nil || created || two.ID != one.ID {
			t.Errorf("repeat with legs: created %v, %v", created, err)
		}
		if n := len(w.see(one.ID).Legs); n != 1 {
			t.Errorf("repeat with legs: got %d legs, want 1", n)
		}
	})
}

func TestConcurrentIntakeOfOneKey(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		const n = 16
		ids, created := make([]string, n), make([]bool, n)
		var wg sync.WaitGroup
		for i := range n {
			wg.Go(func() {
				in := intake(plain)
				in.ExternalID, in.CallID = "one", "call"
				in.Legs = []desk.Order{to("unit:" + housing), to("110")}
				v, c, err := w.Intake(t.Context(), w.lead, in)
				if err != nil {
					t.Errorf("goroutine %d: %v", i, err)
				}
				ids[i], created[i] = v.ID, c
			})
		}
		wg.Wait()
		fresh := 0
		for i := range n {
			if ids[i] != ids[0] {
				t.Errorf("got cases %s and %s, want one", ids[0], ids[i])
			}
			if created[i] {
				fresh++
			}
		}
		if fresh != 1 || w.count() != 1 || len(w.see(ids[0]).Legs) != 2 {
			t.Errorf("got %d created and %d on file with %d legs, want 1, 1, 2", fresh, w.count(), len(w.see(ids[0]).Legs))
		}
	})
}

// Two matters of one call, taken at the same moment, are two cases.
func TestConcurrentIntakeOfOneCall(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				in := intake(plain)
				in.CallID = "call"
				if _, created, err := w.Intake(t.Context(), w.lead, in); err != nil || !created {
					t.Errorf("created %v, %v", created, err)
				}
			})
		}
		wg.Wait()
		if n := w.count(); n != 8 {
			t.Errorf("got %d cases, want 8", n)
		}
	})
}

// Legs that come with an intake are sent in its transaction, each once.
func TestIntakeWithLegs(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		v := w.take(plain, func(in *desk.In) {
			in.Legs = []desk.Order{{To: "unit:" + housing, Ask: "今天去看"}, to("unit:" + urban), to("110")}
		})
		type row struct {
			To    string
			Role  leg.Role
			State leg.State
		}
		var got []row
		for _, l := range w.see(v.ID).Legs {
			got = append(got, row{l.Unit + l.Peer, l.Role, l.State})
		}
		want := []row{{housing, leg.Lead, leg.Received}, {urban, leg.Joint, leg.Received}, {"540000-110", leg.Joint, leg.Sent}}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("legs (-want +got):\n%s", diff)
		}
		_, _, err := w.Intake(t.Context(), token("program", hotline.TakeCases), desk.In{Text: plain, Channel: "web", Legs: []desk.Order{to("110")}})
		wantCode(t, "legs by a program that may only hand in", err, "denied")
	})
}

func TestTriageTakesTheRegionGiven(t *testing.T) {
	w := newWorld(t, "sqlite", "12345")
	var p triage.Proposal = w.Triage("日喀则桑珠孜区路上的井盖坏了", chengguan)
	if p.Region != chengguan || p.Category != "A01" {
		t.Errorf("got %s in %s, want A01 in %s", p.Category, p.Region, chengguan)
	}
	if u, _, ok := w.Route(p.Item, p.Category, p.Region); !ok || u.Region != chengguan {
		t.Errorf("unit: got %+v, want one of %s", u, chengguan)
	}
}
