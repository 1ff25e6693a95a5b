package desk_test

import (
	"bytes"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"liandong/internal/casefile"
	"liandong/internal/desk"
	"liandong/internal/hotline"
	"liandong/internal/leg"
	"liandong/internal/letter"
	"liandong/internal/seal"
	"liandong/internal/store"
)

const (
	secretName    = "卓玛措测试"
	secretPhone   = "13911112222"
	secretAddress = "隐秘巷77号"
	secretNote    = "秘密词" // in every note
	secretWords   = "我叫卓玛措测试，家住隐秘巷77号，电话13911112222。秘密词：小区门口的井盖坏了三天没有人来修"
)

var secrets = []string{secretName, secretPhone, secretAddress, secretNote}

func secretIn() desk.In {
	return desk.In{Text: secretWords, Channel: "phone", Region: chengguan, CallerName: secretName, CallerPhone: secretPhone,
		Address: secretAddress, Danger: "门口有人持刀，他叫" + secretName, ExternalID: "E7", Key: "K7", CallID: "call7"}
}

// post moves the letters of two linked desks by hand, as the exchange does.
type post struct {
	t     *testing.T
	sides [2]*world
	wires [][]byte
}

func joinDesks(t *testing.T, a, b *world) *post {
	t.Helper()
	p := &post{t: t, sides: [2]*world{a, b}}
	for i, w := range p.sides {
		o := p.sides[1-i]
		l := w.links[o.Node().Line]
		l.Keys = string(must(json.Marshal(o.keys.Public(o.Node().Platform, o.Node().Name)))(t))
		if err := w.PutLink(t.Context(), l); err != nil {
			t.Fatal(err)
		}
	}
	return p
}

// settle moves letters until every one has its answer.
func (p *post) settle() {
	p.t.Helper()
	for range 20 {
		moved := 0
		for i, w := range p.sides {
			due := must(w.st.Reader().Due(p.t.Context(), p.sides[1-i].Node().Platform, w.Now(), false, 100, 0))(p.t)
			for _, out := range due {
				p.carry(w, p.sides[1-i], out)
			}
			moved += len(due)
		}
		if moved == 0 {
			return
		}
	}
	p.t.Fatal("letters go on and on")
}

func (p *post) carry(from, at *world, out store.LetterOut) {
	p.t.Helper()
	ctx, link := p.t.Context(), at.links[from.Node().Line]
	var sealed *seal.Part
	if len(out.Private) > 0 {
		priv := must(from.st.Reader().Private(ctx, out.CaseID))(p.t)
		key := must(seal.UnwrapCaseKey(from.keys, out.CaseID, priv.WrappedKey))(p.t)
		sealed = must(seal.WrapPart(out.ID, from.Node().Platform, out.Private, key, at.keys.Public(at.Node().Platform, "")))(p.t)
	}
	wire := must(letter.Compose([]byte(out.Content), sealed, letter.Signer(from.keys)))(p.t)
	p.wires = append(p.wires, wire)
	e := must(letter.Parse(wire))(p.t)
	private, _, err := letter.Open(at.keys, e)
	if err != nil {
		p.t.Fatal(err)
	}
	in := desk.Incoming{Letter: e.Letter, Private: private, Extra: string(e.Extra()), Content: string(e.Content()), Hash: e.Hash(),
		Sealed: string(must(json.Marshal(e.Sealed))(p.t)), Signature: string(must(json.Marshal(e.Sig))(p.t))}
	answer := must(at.Receive(ctx, link, in))(p.t)
	if answer.Type != leg.TypeReceipt {
		p.t.Fatalf("%s to %s: got %s %s, want a receipt", out.Type, at.Node().Line, answer.Type, answer.Body.Code)
	}
	if err := from.Answered(ctx, from.links[at.Node().Line], answer); err != nil {
		p.t.Fatal(err)
	}
}

// A whole journey over two platforms with every text that a person can type;
// afterwards nothing of it lies in the clear in either database.
func TestNothingPersonalInTheClear(t *testing.T) {
	for _, engine := range engines {
		t.Run(engine, func(t *testing.T) {
			a, b := newWorld(t, engine, "12345"), newWorld(t, engine, "110")
			p := joinDesks(t, a, b)
			ids := secretJourney(t, p, a, b)
			for i, w := range p.sides {
				for where, dump := range w.dump() {
					for _, s := range secrets {
						if bytes.Contains(dump, []byte(s)) || bytes.Contains(dump, []byte(hex.EncodeToString([]byte(s)))) {
							t.Errorf("%s holds %q in the clear", where, s)
						}
					}
				}
				for _, id := range ids[i] {
					w.nothingShown(id)
				}
			}
		})
	}
}

// secretJourney returns the cases on each side.
func secretJourney(t *testing.T, p *post, a, b *world) [2][]string {
	t.Helper()
	ctx := t.Context()
	note := func(d *desk.Do) { // every text that the verb can carry
		d.Note = "备注" + secretNote + secretPhone
		if d.Result != "" {
			d.Result = "结果" + secretNote + secretName
		}
		if d.Call != nil {
			d.Call.Note = "通话" + secretNote
		}
	}
	acts := func(w *world, id string, verbs ...leg.Verb) {
		t.Helper()
		for _, v := range verbs {
			d := do(v, note)
			if v == leg.Extend || v == leg.Grant && w.leg(id).Pending == leg.Extend {
				d.Due = ptr(w.clock.Now().AddDate(0, 1, 0))
			}
			if _, err := w.Act(ctx, w.lead, id, d); err != nil {
				t.Fatalf("%s: %v", v, err)
			}
			p.settle()
		}
	}
	v, created, err := a.Intake(ctx, a.lead, secretIn())
	if err != nil || !created {
		t.Fatal(err)
	}
	v = a.send(v.ID, desk.Order{To: "110", Ask: "请到" + secretAddress, PoliceAction: secretNote}, desk.Order{To: "unit:" + housing, Ask: secretNote + secretPhone})
	p.settle()
	far, near := v.Legs[0].ID, v.Legs[1].ID
	if v.Legs[0].Local() {
		far, near = near, far
	}
	there := must(b.st.Reader().Leg(ctx, far))(t).CaseID
	if err := a.Note(ctx, a.lead, v.ID, "补充"+secretNote+secretName); err != nil {
		t.Fatal(err)
	}
	if err := a.RecordCall(ctx, a.lead, v.ID, far, desk.Call{Kind: "three_way", CallID: "call7", Parties: []string{"caller", "12345", "110"}, Outcome: "still_unclear", Note: secretNote}); err != nil {
		t.Fatal(err)
	}
	must(a.Decide(ctx, a.lead, v.ID, desk.Decision{Category: ptr("A06"), Level: ptr(2), Danger: ptr(secretAddress + "有人持刀，电话" + secretPhone), Reason: secretNote}))(t)
	p.settle()
	acts(b, far, leg.Accept, leg.Progress, leg.Extend)
	acts(a, far, leg.Grant, leg.Urge, leg.Supplement)
	acts(b, far, leg.Call, leg.Supplement, leg.Feedback)
	acts(a, far, leg.Reopen)
	acts(b, far, leg.Feedback)
	acts(a, far, leg.Settle)
	acts(a, near, leg.Return, leg.Contest, leg.Call)
	if err := a.Resolve(ctx, a.lead, near); err != nil {
		t.Fatal(err)
	}
	must(a.Reveal(ctx, a.lead, v.ID, "理由"+secretNote))(t)
	must(a.Callback(ctx, a.lead, v.ID, desk.Asked{Solved: true, Satisfaction: 1, Scale: 3, Note: secretNote + secretName}))(t)
	must(a.Close(ctx, a.lead, v.ID, desk.Closing{Outcome: casefile.SolvedOutcome, Told: "已告知" + secretName + secretNote}))(t)
	p.settle()

	// The same words are searched for, found as the caller's own, and alarm where a letter is broken.
	for _, w := range p.sides {
		if err := w.IndexSome(ctx); err != nil {
			t.Fatal(err)
		}
	}
	broken := store.Refusal{Door: "letter", Peer: "540000-12345", Code: "letter_signature", Detail: "signature", Letter: "x", Raw: p.wires[0], Urgent: true}
	if err := b.Refused(ctx, broken); err != nil {
		t.Fatal(err)
	}
	return [2][]string{{v.ID}, {there}}
}

// dump is every column of every table as text, and the bytes of the files.
func (w *world) dump() map[string][]byte {
	w.t.Helper()
	out := map[string][]byte{}
	db, tables := w.raw()
	defer db.Close()
	rows := 0
	for _, table := range tables {
		var all bytes.Buffer
		rs := must(db.QueryContext(w.t.Context(), "SELECT * FROM "+table))(w.t)
		cols := must(rs.Columns())(w.t)
		for rs.Next() {
			rows++
			vals, dest := make([]any, len(cols)), make([]any, len(cols))
			for i := range vals {
				dest[i] = &vals[i]
			}
			if err := rs.Scan(dest...); err != nil {
				w.t.Fatal(err)
			}
			for _, v := range vals {
				if raw, ok := v.([]byte); ok {
					all.Write(raw)
				} else {
					fmt.Fprint(&all, v)
				}
				all.WriteByte('\n')
			}
		}
		if err := rs.Close(); err != nil {
			w.t.Fatal(err)
		}
		out[w.Node().Line+" table "+table] = all.Bytes()
	}
	if rows < 40 {
		w.t.Errorf("dump of %s: got %d rows, want those of a whole journey", w.Node().Line, rows)
	}
	if !w.st.Postgres() {
		for _, ending := range []string{"", "-wal"} {
			b := must(os.ReadFile(w.dsn + ending))(w.t)
			if ending == "-wal" && len(b) == 0 {
				w.t.Error("the write-ahead log is empty: got nothing to look at")
			}
			out[w.Node().Line+" file"+ending] = b
		}
	}
	return out
}

// raw opens the database beside the program and names its tables.
func (w *world) raw() (*sql.DB, []string) {
	w.t.Helper()
	driver, dsn, q := "sqlite", "file:"+w.dsn+"?_pragma=busy_timeout(5000)", "SELECT name FROM sqlite_schema WHERE type = 'table' AND sql NOT LIKE '%VIRTUAL%'"
	if w.st.Postgres() {
		driver, dsn, q = "pgx", w.dsn, "SELECT table_name FROM information_schema.tables WHERE table_schema = current_schema()"
	}
	db := must(sql.Open(driver, dsn))(w.t)
	rows := must(db.QueryContext(w.t.Context(), q))(w.t)
	defer rows.Close()
	var tables []string
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			w.t.Fatal(err)
		}
		tables = append(tables, name)
	}
	if len(tables) < 15 {
		w.t.Fatalf("got the tables %v, want all of the program's", tables)
	}
	return db, tables
}

// nothingShown looks through all that a desk shows to every role.
func (w *world) nothingShown(id string) {
	w.t.Helper()
	ctx := w.t.Context()
	for _, role := range hotline.Roles() {
		a := w.actor(role, "", "")
		if role == hotline.Clerk || role == hotline.DutyOfficer {
			a.Unit = housing
		}
		shown := map[string]any{}
		keep := func(what string, v any, err error) {
			switch hotline.KindOf(err) {
			case hotline.Denied, hotline.NotFound:
			default:
				if err != nil {
					w.t.Errorf("%s %s: %v", role, what, err)
				}
				shown[what] = v
			}
		}
		v, err := w.Case(ctx, a, id)
		keep("Case", v, err)
		l, err := w.Cases(ctx, a, desk.Filter{})
		keep("Cases", l, err)
		es, err := w.Events(ctx, a, id, "", 1000)
		keep("Events", es, err)
		for _, done := range []bool{false, true} {
			in, err := w.Inbox(ctx, a, done, hotline.Cursor{}, 0)
			keep(fmt.Sprint("Inbox ", done), in, err)
		}
		o, err := w.Overview(ctx, a)
		keep("Overview", o, err)
		sim, err := w.Similar(ctx, a, secretWords, "", secretPhone)
		keep("Similar", sim, err)
		links, err := w.Links(ctx, a)
		keep("Links", links, err)
		for what, v := range shown {
			doc := must(json.Marshal(v))(w.t)
			for _, s := range []string{secretName, secretPhone, secretAddress} {
				if bytes.Contains(doc, []byte(s)) {
					w.t.Errorf("%s of %s shows %q", what, role, s)
				}
			}
		}
	}
}

// Who may see the caller, and whom each sort of case hides the caller from.
func TestReveal(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		in := secretIn()
		in.Danger, in.Legs = "", []desk.Order{to("unit:" + housing)}
		v, _, err := w.Intake(ctx, w.lead, in)
		if err != nil {
			t.Fatal(err)
		}
		for _, tt := range []struct {
			what   string
			a      hotline.Actor
			reason string
			code   string // "" shown
		}{
			{"leader", w.lead, "回拨", ""},
			{"operator", w.actor(hotline.Operator, "", ""), "回拨", ""},
			{"operator of the region", w.actor(hotline.Operator, lhasa, ""), "回拨", ""},
			{"auditor", w.actor(hotline.Auditor, "", ""), "审计", ""},
			{"the unit that has it", w.clerk(housing), "上门", ""},
			{"program with the right", token("p", hotline.SeeCases, hotline.RevealPerson), "对接", ""},
			{"no reason", w.lead, "", "reason_missing"},
			{"a blank reason", w.lead, " \u3000", "text_empty"},
			{"a long reason", w.lead, strings.Repeat("长", 201), "text_long"},
			{"supervisor", w.actor(hotline.Supervisor, "", ""), "看看", "denied"},
			{"secretary", w.actor(hotline.Secretary, "", ""), "看看", "denied"},
			{"administrator", w.actor(hotline.Administrator, "", ""), "看看", "case_not_found"},
			{"another unit", w.clerk(urban), "看看", "case_not_found"},
			{"operator of another region", w.actor(hotline.Operator, shigatse, ""), "看看", "case_not_found"},
			{"program without it", token("p", hotline.SeeCases), "看看", "denied"},
			{"citizen", w.actor(hotline.Citizen, "", ""), "看看", "case_not_found"},
		} {
			before := w.kinds(v.ID)["viewed"]
			p, err := w.Reveal(ctx, tt.a, v.ID, tt.reason)
			after := w.kinds(v.ID)["viewed"]
			if tt.code != "" {
				wantCode(t, tt.what, err, tt.code)
				if after != before || p.Name != "" || p.Text != "" {
					t.Errorf("%s: got %+v and %d more views recorded, want nothing", tt.what, p, after-before)
				}
				continue
			}
			es := w.events(v.ID)
			last := es[len(es)-1]
			if err != nil || p.Name != secretName || p.Phone != secretPhone || p.Address != secretAddress || p.Text != secretWords {
				t.Errorf("%s: got %+v, %v", tt.what, p, err)
			}
			if after != before+1 || last.Kind != "viewed" || last.ActorID != tt.a.ID || string(last.Text) != tt.reason {
				t.Errorf("%s: got the event %s by %s for %q", tt.what, last.Kind, last.ActorID, last.Text)
			}
		}
		for _, who := range []hotline.Actor{w.lead, w.actor(hotline.Operator, lhasa, ""), w.actor(hotline.Auditor, "", "")} {
			views := must(w.Views(ctx, who, v.ID))(t)
			if len(views) != w.kinds(v.ID)["viewed"] || views[0].ActorRole != string(hotline.Integration) || views[0].Text != "对接" || views[len(views)-1].Text != "回拨" {
				t.Errorf("who looked, for %s: got %d views, the last %+v", who.Role, len(views), views[0])
			}
		}
		for who, code := range map[hotline.Role]string{hotline.Supervisor: "denied", hotline.Secretary: "denied", hotline.Administrator: "case_not_found"} {
			_, err := w.Views(ctx, w.actor(who, "", ""), v.ID)
			wantCode(t, "who looked, for "+string(who), err, code)
		}
		_, err = w.Views(ctx, w.clerk(housing), v.ID)
		wantCode(t, "who looked, for the unit that has it", err, "denied")
		if got := w.see(v.ID).Version; got != v.Version {
			t.Errorf("looking raised the version from %d to %d", v.Version, got)
		}
	})
}

func TestCallerHiddenFromUnits(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ctx, clerk := t.Context(), w.clerk(housing)
		for _, tt := range []struct {
			what   string
			change func(*desk.In)
			hidden bool
		}{
			{"help", func(*desk.In) {}, false},
			{"suggestion", func(in *desk.In) { in.Kind = casefile.Suggestion }, false},
			{"complaint", func(in *desk.In) { in.Kind = casefile.Complaint }, true},
			{"report", func(in *desk.In) { in.Kind = casefile.Report }, true},
			{"confidential", func(in *desk.In) { in.Confidential = true }, true},
			{"about police", func(in *desk.In) { in.Category = "B07" }, true},
		} {
			in := secretIn()
			in.Key, in.ExternalID = "", ""
			tt.change(&in)
			in.Legs = []desk.Order{{To: "unit:" + housing, Ask: "请联系" + secretName}}
			v, _, err := w.Intake(ctx, w.lead, in)
			if err != nil {
				t.Fatal(err)
			}
			got := must(w.Case(ctx, clerk, v.ID))(t)
			if hidden := got.Caller == "" && got.Phone == "" && !got.CanShow; hidden != tt.hidden {
				t.Errorf("%s: got caller %q, phone %q, may show %v; want hidden %v", tt.what, got.Caller, got.Phone, got.CanShow, tt.hidden)
			}
			doc := string(must(json.Marshal(got))(t))
			if strings.Contains(doc, secretName) || tt.hidden && strings.Contains(doc, "卓***") {
				t.Errorf("%s: the words or what is asked name the caller: %s, %s", tt.what, got.Text, got.Legs[0].Ask)
			}
			_, err = w.Reveal(ctx, clerk, v.ID, "上门")
			if tt.hidden {
				wantCode(t, tt.what, err, "hidden_from_unit")
			} else if err != nil {
				t.Errorf("%s: %v", tt.what, err)
			}
			if at := w.see(v.ID); at.Caller == "" || !at.CanShow {
				t.Errorf("%s: the desk does not see its own caller: %+v", tt.what, at.Caller)
			}
		}
	})
}

// The unit that a case is about never learns who called, however it comes by it.
func TestSubjectUnit(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		government := "540102-government"
		v := w.take(fire, func(in *desk.In) { in.SubjectUnit = government })
		_, err := w.SendLegs(ctx, w.lead, v.ID, nil, []desk.Order{to("unit:" + urban), to("unit:" + government)})
		wantField(t, "by order", err, "subject_unit", "legs[1].to")
		if n := len(w.see(v.ID).Legs); n != 0 {
			t.Errorf("all or none: got %d legs", n)
		}
		for _, o := range must(w.DualOrders(ctx, w.lead, v.ID))(t) {
			if o.To == "unit:"+government {
				t.Error("a dual dispatch would go to the unit that it is about")
			}
		}
		v = must(w.Dual(ctx, w.lead, v.ID, nil))(t)
		if len(v.Legs) < 2 {
			t.Errorf("dual dispatch without that unit: got %d legs, want 110 and departments", len(v.Legs))
		}
		_, err = w.Case(ctx, w.clerk(government), v.ID)
		wantCode(t, "its own complaint", err, "case_not_found")

		// It has a leg already when somebody says that it is about it.
		v, _ = w.sent(to("unit:" + housing))
		must(w.Decide(ctx, w.lead, v.ID, desk.Decision{SubjectUnit: ptr(housing)}))(t)
		got := must(w.Case(ctx, w.clerk(housing), v.ID))(t)
		if got.Caller != "" || got.Phone != "" || got.CanShow {
			t.Errorf("unit with a leg: got caller %q, phone %q, may show %v; want hidden", got.Caller, got.Phone, got.CanShow)
		}
		_, err = w.Reveal(ctx, w.clerk(housing), v.ID, "上门")
		wantCode(t, "unit with a leg", err, "hidden_from_unit")
	})
}

// Without its key a case shows that it was erased, and breaks nothing.
func TestErasedCase(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		in := secretIn()
		in.Danger = ""
		in.Legs = []desk.Order{urgent("unit:" + housing), to("110")}
		v, _, err := w.Intake(ctx, w.lead, in)
		if err != nil {
			t.Fatal(err)
		}
		kept := w.take(plain)
		if err := w.Group(ctx, w.lead, kept.ID, []string{v.ID}); err != nil {
			t.Fatal(err)
		}
		id := v.Legs[0].ID
		db, _ := w.raw()
		defer db.Close()
		if _, err := db.ExecContext(ctx, "UPDATE case_private SET wrapped_key = NULL WHERE case_id = $1", v.ID); err != nil {
			t.Fatal(err)
		}
		v = w.see(v.ID)
		if !v.Erased || v.Text != "" || v.Caller != "" || v.CanShow || len(v.Legs) != 2 {
			t.Errorf("case: got %+v", v)
		}
		if n := len(must(w.Cases(ctx, w.lead, desk.Filter{}))(t).Cases); n != 2 {
			t.Errorf("list: got %d cases, want 2", n)
		}
		if es := w.events(v.ID); len(es) < 4 || es[0].Text != "" {
			t.Errorf("events: got %d, the first with %q", len(es), es[0].Text)
		}
		if rows := must(w.Inbox(ctx, w.clerk(housing), false, hotline.Cursor{}, 0))(t); len(rows) != 1 || !rows[0].Case.Erased {
			t.Errorf("inbox: got %+v", rows)
		}
		w.clock.Add(90 * 24 * time.Hour)
		o := must(w.Overview(ctx, w.lead))(t)
		if len(o.Overdue) != 2 || len(o.Prompts) != 1 {
			t.Errorf("overview: got %d overdue and %d prompts, want 2 and 1", len(o.Overdue), len(o.Prompts))
		}
		if sim := must(w.Similar(ctx, w.lead, "", "", secretPhone))(t); len(sim) != 1 || !sim[0].Erased {
			t.Errorf("similar: got %+v", sim)
		}
		if err := w.IndexSome(ctx); err != nil {
			t.Errorf("index: %v", err)
		}
		if n, err := w.FireClocks(ctx); err != nil || n == 0 {
			t.Errorf("clocks: fired %d, %v", n, err)
		}
		if err := w.FirePrompts(ctx); err != nil || w.kinds(v.ID)["prompted"] != 1 {
			t.Errorf("prompts: %v, recorded %d", err, w.kinds(v.ID)["prompted"])
		}
		// A letter that can no longer be written does not come up again and again.
		out := must(w.st.Reader().Due(ctx, "540000-110", w.Now(), false, 10, 0))(t)
		if len(out) != 1 {
			t.Fatalf("letters: got %d, want the offer", len(out))
		}
		if err := w.GiveUp(ctx, w.links["110"], out[0]); err != nil {
			t.Fatal(err)
		}
		if out = must(w.st.Reader().Due(ctx, "540000-110", w.Now(), false, 10, 0))(t); len(out) != 0 {
			t.Errorf("after giving up: got %d letters due, want none", len(out))
		}

		_, err = w.Reveal(ctx, w.lead, v.ID, "回拨")
		wantCode(t, "reveal", err, "erased")
		wantCode(t, "note", w.Note(ctx, w.lead, v.ID, "补充一点"), "erased")
		_, err = w.Act(ctx, w.lead, id, do(leg.Accept))
		wantCode(t, "act", err, "erased")
		// Who may not see it does not learn that it was there.
		far := w.actor(hotline.Operator, shigatse, "")
		_, err = w.Reveal(ctx, far, v.ID, "回拨")
		wantCode(t, "reveal elsewhere", err, "case_not_found")
		wantCode(t, "note elsewhere", w.Note(ctx, far, v.ID, "补充一点"), "case_not_found")
		_, err = w.Act(ctx, w.clerk(urban), id, do(leg.Accept))
		wantCode(t, "act elsewhere", err, "leg_not_found")
		if again := w.kinds(v.ID); again["viewed"] != 0 || again["supplement"] != 0 {
			t.Errorf("refused, and recorded all the same: %v", again)
		}
	})
}

// What a unit reveals is its own lane, not what other units wrote.
func TestRevealOfAUnitIsItsLane(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		v := w.send(w.take(plain).ID, to("unit:"+housing), to("unit:"+urban))
		for _, l := range v.Legs {
			w.act(w.clerk(l.Unit), l.ID, leg.Accept)
			if _, err := w.Act(ctx, w.clerk(l.Unit), l.ID, do(leg.Progress, func(d *desk.Do) { d.Note = "进展，由" + l.Unit })); err != nil {
				t.Fatal(err)
			}
		}
		must(w.Reveal(ctx, w.lead, v.ID, "班长核对"))(t)
		for unit, other := range map[string]string{housing: urban, urban: housing} {
			p := must(w.Reveal(ctx, w.clerk(unit), v.ID, "上门"))(t)
			var all []string
			for _, n := range p.Notes {
				all = append(all, n)
			}
			text := strings.Join(all, " ")
			if !strings.Contains(text, unit) || strings.Contains(text, other) || strings.Contains(text, "班长核对") {
				t.Errorf("%s: got the notes %q", unit, text)
			}
		}
	})
}
