package web

import (
	"context"
	"html"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"liandong/internal/browsertest"
	"liandong/internal/desk"
	"liandong/internal/hotline"
	"liandong/internal/leg"
	"liandong/internal/sheet"
	"liandong/internal/store"
)

// onPaper has a platform hand its cases to the other one by people.
func (p *platform) onPaper(peer *platform) {
	p.t.Helper()
	l, err := p.desk.Link(context.Background(), peer.node.Platform)
	if err != nil {
		p.t.Fatal(err)
	}
	l.Carrier, l.URL = store.ManualCarrier, ""
	if err := p.desk.PutLink(context.Background(), l); err != nil {
		p.t.Fatal(err)
	}
}

func (p *platform) operator() hotline.Actor {
	return hotline.Actor{ID: "op", Name: "测试坐席", Role: hotline.Operator, Platform: p.node.Platform}
}

// fight takes a matter for the police, hands it over and says which leg it
// became.
func (p *platform) fight(words string) (caseID, legID string) {
	p.t.Helper()
	ctx := context.Background()
	v, _, err := p.desk.Intake(ctx, p.operator(), desk.In{Text: words, Channel: "phone", Region: "540102", CallerName: "张测试", CallerPhone: "13900000001"})
	if err == nil {
		v, err = p.desk.SendLegs(ctx, p.operator(), v.ID, nil, []desk.Order{{To: "110", Ask: "请派人处理"}})
	}
	if err != nil {
		p.t.Fatal(err)
	}
	return v.ID, v.Legs[0].ID
}

// A slip is masked until somebody gives a reason, which is recorded; the square
// on it holds nothing personal.
func TestSlip(t *testing.T) {
	w := newWorld(t)
	w.gov.onPaper(w.police)
	caseID, id := w.gov.fight("城关区有人打架，我是张测试，电话13900000001")
	op := w.gov.as("operator")
	slip := op.get("/legs/" + id + "/slip")
	if slip.status != http.StatusOK || strings.Contains(slip.body, "13900000001") || strings.Contains(slip.one("#slip").text(), "张测试") {
		t.Fatalf("got %d, want a slip without personal data", slip.status)
	}
	if again := op.post("/legs/"+id+"/slip", url.Values{"reason": {""}}); again.status != 422 || again.count("#fault") != 1 || strings.Contains(again.body, "13900000001") {
		t.Errorf("without a reason: got %d", again.status)
	}
	clear := op.post("/legs/"+id+"/slip", url.Values{"reason": {"交对方签收的转办单"}})
	if got := clear.one("#slip-phone").text(); got != "13900000001" || clear.one("#slip-name").text() != "张测试" {
		t.Errorf("with a reason: got %q", got)
	}
	viewed := 0
	es, err := w.gov.store.Reader().EventsOf(context.Background(), caseID, "", 100)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range es {
		if e.Kind == "viewed" {
			viewed++
		}
	}
	if viewed != 1 {
		t.Errorf("looks recorded: got %d, want 1", viewed)
	}
	v, err := w.gov.desk.Case(context.Background(), w.gov.operator(), caseID)
	if err != nil {
		t.Fatal(err)
	}
	if got := slipCode(v, v.Legs[0]); !strings.Contains(got, v.Number) || strings.Contains(got, "139") || strings.Contains(got, "张") {
		t.Errorf("the square holds %q", got)
	}
	if got := w.police.as("operator").get("/legs/" + id + "/slip"); got.status != http.StatusNotFound {
		t.Errorf("a leg that is not there: got %d", got.status)
	}
}

// A sheet goes out and comes back: bad rows are named by row, column and
// reason, the rest is taken, and the same sheet again does nothing.
func TestSheetOutAndIn(t *testing.T) {
	w := newWorld(t)
	w.gov.onPaper(w.police)
	var legs []string
	for _, words := range []string{"城关区有人打架，快来人", "城关区发生盗窃，自行车被偷", "城关区有人在小区里赌博", "城关区有人酒后闹事"} {
		_, id := w.gov.fight(words)
		legs = append(legs, id)
	}
	op := w.gov.as("operator")
	if got := op.get("/handovers").count("[data-leg]"); got != 4 {
		t.Fatalf("hand-overs listed: got %d, want 4", got)
	}
	out := op.get("/handovers/xlsx")
	if strings.Contains(out.body, "13900000001") {
		t.Error("a telephone number went out in the sheet")
	}
	tables, err := sheet.Read(strings.NewReader(out.body))
	if err != nil {
		t.Fatal(err)
	}
	head := tables[0].Cells[0]
	fill := func(legID string, cells map[string]string) {
		t.Helper()
		for i, row := range tables[0].Cells {
			if i == 0 || row[len(row)-2] != legID {
				continue
			}
			for name, cell := range cells {
				row[slices.IndexFunc(head, func(h string) bool { return strings.HasPrefix(h, name+" ") })] = cell
			}
			return
		}
		t.Fatalf("leg %s is not on the sheet", legID)
	}
	now := w.clock.Now().In(time.FixedZone("", 8*3600)).Format("2006/1/2 15:04")
	fill(legs[0], map[string]string{"signed_by": "测试值班", "signed_at": now, "move": "反馈结果", "who": "测试民警", "what": "已到场调解完毕"})
	fill(legs[1], map[string]string{"signed_by": "测试值班", "move": "不知道", "who": "测试民警"})
	fill(legs[2], map[string]string{"signed_by": "测试值班", "signed_at": "上午"})
	blank := op.upload("/handovers/preview", nil, tables[1:])
	if got := blank.one("#fault").text(); blank.status != 422 || got == "" {
		t.Errorf("a workbook without legs: got %d %q", blank.status, got)
	}
	preview := op.upload("/handovers/preview", nil, tables)
	if got := preview.one("#sum").attrs; got["data-take"] != "1" || got["data-left"] != "2" || got["data-same"] != "0" {
		t.Fatalf("preview: got %v\n%s", got, preview.one("#sum").text())
	}
	row := func(a answer, legID string) string {
		for i, r := range tables[0].Cells {
			if i > 0 && r[len(r)-2] == legID {
				return a.one("[data-row=" + itoa(i+1) + "]").text()
			}
		}
		return ""
	}
	if got := row(preview, legs[1]); !strings.Contains(got, "K 办理") || !strings.Contains(got, "不知道") {
		t.Errorf("a bad move: got %q, want column and reason", got)
	}
	if got := row(preview, legs[2]); !strings.Contains(got, "J 签收时间") || !strings.Contains(got, "上午") {
		t.Errorf("a bad time: got %q, want column and reason", got)
	}
	state := func(id string) leg.State {
		l, err := w.gov.store.Reader().Leg(context.Background(), id)
		if err != nil {
			t.Fatal(err)
		}
		return l.State
	}
	if got := state(legs[0]); got != leg.Sent {
		t.Errorf("after the preview the leg is %s, want sent", got)
	}
	doc := html.UnescapeString(preview.one("input[name=rows]").attrs["value"])
	taken := op.upload("/handovers/enter", url.Values{"rows": {doc}}, nil)
	if got := taken.one("#sum").attrs; got["data-take"] != "1" || got["data-left"] != "2" || state(legs[0]) != leg.Answered || state(legs[1]) != leg.Sent {
		t.Errorf("taken: got %v, legs %s and %s", got, state(legs[0]), state(legs[1]))
	}
	again := op.upload("/handovers/preview", nil, tables)
	if got := again.one("#sum").attrs; got["data-take"] != "0" || got["data-same"] != "1" {
		t.Errorf("the same sheet again: got %v, want the row known", got)
	}
	if got := op.upload("/handovers/enter", url.Values{"rows": {"[]"}}, nil); got.status != 422 {
		t.Errorf("no rows: got %d, want a refusal", got.status)
	}
	if got := w.gov.as("clerk").upload("/handovers/enter", url.Values{"rows": {doc}}, nil); got.one("#sum").attrs["data-take"] != "0" {
		t.Error("a unit's clerk entered for the other platform")
	}
}

func TestPaperInABrowser(t *testing.T) {
	w := newWorld(t)
	w.gov.onPaper(w.police)
	b := browsertest.Open(t, w.gov.url)
	signIn(b, "operator", "#intake")
	b.Go("/handovers")
	look(t, b, "handovers-empty")
	caseID, id := w.gov.fight("城关区北京中路有人打架，我是张测试，电话13900000001，快来人")
	b.Go("/handovers")
	look(t, b, "handovers")
	b.Go("/cases/" + caseID)
	look(t, b, "case-by-hand")
	b.Go("/legs/" + id + "/slip")
	look(t, b, "slip-masked")
	b.Fill("#reason", "交对方签收的转办单")
	b.Click("#primary")
	b.WaitText("#slip-phone", "13900000001")
	look(t, b, "slip")
	if n := b.Print("web-slip"); n != 1 {
		t.Errorf("the slip takes %d sheets of paper, want 1", n)
	}
}

// When the other side is connected, a leg that people began has a button to go
// on by wire; before, and for a unit, it has none.
func TestGoOnByWire(t *testing.T) {
	w := newWorld(t)
	ctx := context.Background()
	wired, err := w.gov.desk.Link(ctx, w.police.node.Platform)
	if err != nil {
		t.Fatal(err)
	}
	w.gov.onPaper(w.police)
	caseID, id := w.gov.fight("城关区有人打架，快来人")
	if _, err := w.gov.desk.Act(ctx, w.gov.operator(), id, desk.Do{Verb: leg.Accept, Hand: &desk.Hand{How: "phone", Who: "测试民警"}}); err != nil {
		t.Fatal(err)
	}
	op := w.gov.as("operator")
	if got := op.get("/cases/" + caseID).count("form.adopt"); got != 0 {
		t.Errorf("not connected: got %d buttons, want none", got)
	}
	if got := op.post("/legs/"+id+"/adopt", nil); got.status != http.StatusConflict {
		t.Errorf("not connected: got %d, want a conflict", got.status)
	}
	if err := w.gov.desk.PutLink(ctx, wired); err != nil {
		t.Fatal(err)
	}
	b := browsertest.Open(t, w.gov.url)
	signIn(b, "operator", "#intake")
	b.Go("/cases/" + caseID)
	b.WaitVisible("form.adopt")
	look(t, b, "case-adopt")
	if page := op.follow(op.submit(op.get("/cases/"+caseID), "form.adopt", nil)); page.count("form.adopt") != 0 {
		t.Error("it was sent, and is offered once more")
	}
	w.police.until("the leg arrives as it stands", func() bool {
		l, err := w.police.store.Reader().Leg(ctx, id)
		return err == nil && l.State == leg.Accepted
	})
}
