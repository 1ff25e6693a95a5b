package web

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"liandong/internal/browsertest"
)

// stored is everything that the phone holds of ours, as texts; what is sealed stands in it byte for byte.
const stored = `(async () => {
	const all = {local: {...localStorage}, session: {...sessionStorage}, bases: (await indexedDB.databases()).map(d => d.name), caches: await caches.keys(), rows: []};
	if (all.bases.includes("liandong")) {
		const base = await new Promise((ok, no) => { const r = indexedDB.open("liandong"); r.onsuccess = () => ok(r.result); r.onerror = () => no(r.error); });
		for (const name of base.objectStoreNames) {
			const rows = await new Promise(ok => { const r = base.transaction(name).objectStore(name).getAll(); r.onsuccess = () => ok(r.result); });
			for (const row of rows) all.rows.push([name, JSON.stringify(row), row.key ? "extractable " + row.key.extractable : "no key", row.words ? new TextDecoder().decode(row.words.data) : ""].join(" "));
		}
		base.close();
	}
	return JSON.stringify(all);
})()`

func (p *platform) reach(b *browsertest.Page, there bool) {
	p.down.Store(!there)
	b.Line(there)
}

// cut lets a test end with requests on record that found no line: the page tries again by itself, and may have done so between the last
// look at the console and the line's being back. Whatever else stands there fails the test as ever.
func cut(t *testing.T, b *browsertest.Page) {
	t.Cleanup(func() {
		b.Eval(`"what was said before"`) // its answer comes after what the page said
		for _, message := range b.Console() {
			if !strings.Contains(message, "net::ERR_INTERNET_DISCONNECTED") {
				t.Errorf("browser console: %s", message)
			}
		}
	})
}

// drafted waits until the phone holds so many drafts: they are sealed and written down a moment after the last letter.
func drafted(t *testing.T, b *browsertest.Page, n int) {
	t.Helper()
	for range 200 {
		if strings.Count(b.Eval(stored), `kept {\"id\":\"draft `) == n {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatalf("got %s, want %d drafts", b.Eval(stored), n)
}

// sent waits until nothing waits on the phone: a page that was left while it sent asks again under the same key.
func sent(t *testing.T, b *browsertest.Page) {
	t.Helper()
	for range 200 {
		if !b.Visible("#kept") {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Errorf("something is still waiting: %s", b.Text("#kept"))
}

// controlled waits until the service worker answers for the page and holds the page for times without a line.
func controlled(b *browsertest.Page) {
	for range 200 {
		if b.Eval(`(async () => String(!!navigator.serviceWorker.controller && !!(await caches.match("/offline"))))()`) == "true" {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	b.WaitVisible("#no-worker" + b.Eval(`(async () => { const r = await navigator.serviceWorker.getRegistration(); return [!!navigator.serviceWorker.controller, r?.installing?.state, r?.waiting?.state, r?.active?.state, await caches.keys()].join(",") })()`))
}

// settled waits for the sign-in page that stays: signing out and the page that hears of it may both lead there.
func settled(b *browsertest.Page) {
	b.WaitVisible("#sign-in")
	for b.Eval("String(performance.now() > 700)") != "true" {
		time.Sleep(50 * time.Millisecond)
	}
	b.WaitVisible("#sign-in")
}

// A clerk on a bad line: what is written without one is kept, sealed and shown, survives a reload, and is done once when the line is back.
func TestOfflineDrafts(t *testing.T) {
	w := newWorld(t)
	op := w.gov.as("operator")
	c := op.take("城关区北京中路的路灯坏了三天了，没人来修", nil)
	b := browsertest.Open(t, w.gov.url)
	cut(t, b)
	b.Size(390, 800)
	signIn(b, "clerk", "#list")
	controlled(b)
	b.Click(".inbox-row h2 a")
	b.WaitVisible("#timeline")
	leg := b.Path()

	w.gov.reach(b, false)
	b.Click("#next #primary") // accept
	b.WaitText("#kept li[data-verb=accept] .pill", "尚未发出")
	b.WaitText("#kept", c.one(".case-head strong").text())
	b.Shot("web-offline-queued-390")
	b.Go(leg) // a reload: there is no line, and the page is there
	b.WaitVisible("#offline")
	b.WaitVisible("#kept li[data-state=waiting][data-verb=accept]")
	b.Click("article details[data-open=progress] summary")
	b.Fill("article form[data-form=progress] textarea", "已到现场，灯杆下挖断了电缆")
	drafted(t, b, 1)
	b.Go(leg)
	b.WaitVisible("article details[data-open=progress][open] .notice")
	if got := b.Eval(`document.querySelector("article form[data-form=progress] textarea").value`); got != "已到现场，灯杆下挖断了电缆" {
		t.Errorf("the draft after a reload: got %q", got)
	}
	b.Click("article form[data-form=progress] button")
	b.WaitVisible("#kept li[data-verb=progress][data-state=waiting]")
	look(t, b, "offline")
	b.Size(390, 800)

	all := b.Eval(stored)
	for _, word := range []string{"电缆", "路灯", "挖断", "市容"} {
		if strings.Contains(all, word) {
			t.Errorf("%q can be read in what the phone keeps", word)
		}
	}
	if !strings.Contains(all, "extractable false") || strings.Contains(all, "extractable true") || strings.Count(all, "kept {") < 3 {
		t.Errorf("got %s, want sealed rows under a key that cannot be read out", all)
	}

	b.Console() // what failed without a line
	w.gov.reach(b, true)
	b.WaitVisible("#timeline [data-kind=progress]")
	page := op.get("/cases/" + c.caseID())
	for _, kind := range []string{"accept", "progress"} {
		if n := len(page.page().all(t, "#timeline [data-kind="+kind+"]")); n != 1 {
			t.Errorf("%s: got %d events, want one", kind, n)
		}
	}
	sent(t, b)
}

// An answer that got lost is asked for again under the same key; somebody else having been there first is said, with the words still there.
func TestOfflineOnceAndConflict(t *testing.T) {
	w := newWorld(t)
	op := w.gov.as("operator")
	c := op.take("城关区北京中路的路灯坏了三天了，没人来修", nil)
	b := browsertest.Open(t, w.gov.url)
	cut(t, b)
	signIn(b, "clerk", "#list")
	controlled(b)
	b.Click(".inbox-row h2 a")
	b.WaitVisible("#timeline")
	leg := b.Path()
	w.gov.lose.Store(true) // done, and the answer lost on the way
	b.Click("#next #primary")
	b.WaitVisible("#kept li[data-verb=accept] .pill")
	w.gov.lose.Store(false)
	b.Eval(`document.querySelector("#send-kept")?.click(); ""`) // it may have gone by itself
	b.WaitVisible(".state-accepted")
	b.Console()

	b.Line(false)                                  // hers alone
	b.Click("details[data-step=feedback] summary") // the first contact is owed before
	b.Fill("form[data-form=feedback] textarea[name=result]", "灯泡已换好，当晚亮灯")
	b.Click("button[data-verb=feedback]")
	b.WaitVisible("#kept li[data-verb=feedback][data-state=waiting]")
	if got := b.Text("#kept li[data-verb=feedback] strong"); got != "反馈结果" {
		t.Errorf("what waits is called %q, want what the button says", got)
	}
	b.Eval(`new Promise((done) => setTimeout(done, 700)).then(() => "")`)
	b.Eval(`document.dispatchEvent(new Event("visibilitychange")); ""`)
	if n := b.Count("#kept li[data-state=draft]"); n != 0 {
		t.Errorf("beside what waits stand %d drafts of it", n)
	}
	clerk := w.gov.as("duty") // a colleague gives it back meanwhile
	page := clerk.get(leg)
	clerk.follow(clerk.submit(page, "form[data-form=return]", map[string][]string{"ground": {"not_duty"}, "basis": {"三定方案"}}))
	b.Console()
	b.Line(true)
	b.WaitVisible("#kept li[data-verb=feedback][data-state=failed]")
	b.WaitText("#kept li[data-verb=feedback] .said", "灯泡已换好，当晚亮灯")
	look(t, b, "offline-conflict")
	b.Console() // the browser tells of the 409
	b.Go("/inbox")
	b.WaitText("#kept li[data-state=failed]", "灯泡已换好")
	b.Answer(true)
	b.Click("#kept li .plain")
	b.WaitVisible("#list")
	if n := len(op.get("/cases/"+c.caseID()).page().all(t, "#timeline [data-kind=accept]")); n != 1 {
		t.Errorf("accepted: got %d events, want one", n)
	}
}

// Signing out leaves nothing on the phone, with a line and without; what is too old goes by itself.
func TestOfflineLeavesNothing(t *testing.T) {
	w := newWorld(t)
	w.gov.as("operator").take("城关区北京中路的路灯坏了三天了，没人来修", nil)
	b := browsertest.Open(t, w.gov.url)
	cut(t, b)
	queued := func() {
		t.Helper()
		b.Go("/inbox")
		controlled(b)
		w.gov.reach(b, false)
		b.Click(".inbox-row form[data-form=accept] button")
		b.WaitVisible("#kept li[data-verb=accept]")
		b.Console()
	}
	nothing := func(what string) {
		t.Helper()
		for range 100 {
			all := b.Eval(stored)
			if all == `{"local":{},"session":{},"bases":[],"caches":[],"rows":[]}` {
				return
			}
			time.Sleep(50 * time.Millisecond)
		}
		t.Errorf("%s: got %s, want nothing", what, b.Eval(stored))
	}
	signIn(b, "clerk", "#list")
	queued()
	b.Answer(false)
	b.Click("#sign-out")
	if !strings.Contains(b.Eval(stored), "kept {") {
		t.Error("who stayed has lost what was waiting")
	}
	b.Answer(true)
	b.Click("#sign-out")
	b.WaitVisible("#left")
	b.Console()
	if all := b.Eval(stored); !strings.Contains(all, `"local":{"liandong.leaving":"1"}`) || !strings.Contains(all, `"bases":[]`) {
		t.Errorf("signed out without a line: got %s", all)
	}
	w.gov.reach(b, true)
	settled(b)
	nothing("signed out when the line was back")
	if got := b.Path(); !strings.HasPrefix(got, "/sign-in") {
		t.Errorf("got %s", got)
	}
	b.Go("/inbox")
	b.WaitVisible("#sign-in") // the session has ended at the server, too

	signIn(b, "clerk", "#list")
	queued()
	b.Eval(fmt.Sprintf(`(async () => {
		const base = await new Promise(ok => { const r = indexedDB.open("liandong"); r.onsuccess = () => ok(r.result); });
		const change = base.transaction("kept", "readwrite"), rows = change.objectStore("kept"), all = await new Promise(ok => { const r = rows.getAll(); r.onsuccess = () => ok(r.result); });
		for (const row of all) rows.put({...row, expires: Date.now() - %d});
		await new Promise(ok => { change.oncomplete = ok; });
		base.close();
		return "";
	})()`, 1))
	b.Go("/inbox")
	b.WaitVisible("#offline")
	b.WaitText("#kept .wrong", "1 条")
	if all := b.Eval(stored); strings.Contains(all, "kept {") {
		t.Errorf("what is too old is still there: %s", all)
	}
	b.Console()
	w.gov.reach(b, true)
	b.Go("/inbox")
	b.WaitVisible(".inbox-row form[data-form=accept]")
	b.Click("#sign-out")
	settled(b)
	nothing("signed out")
	b.Console() // what the page asked of a session that had just ended
}

// A phone that is handed on: locked, it answers nobody; the PIN opens it and the page is as it was, also without a line.
func TestLock(t *testing.T) {
	w := newWorld(t)
	w.gov.as("operator").take("城关区北京中路的路灯坏了三天了，没人来修", nil)
	b := browsertest.Open(t, w.gov.url)
	cut(t, b)
	b.Size(390, 800)
	signIn(b, "clerk", "#list")
	controlled(b)
	b.Click(".inbox-row h2 a")
	b.WaitVisible("#timeline")
	leg := b.Path()
	b.Click("details[data-open=return] summary")
	b.Fill("form[data-form=return] textarea", "写到一半")
	b.Eval(`document.body.dataset.lock = "0"; ""`) // nobody touches it
	b.WaitVisible("#lock[open]")
	b.Eval(`document.body.dataset.lock = "300"; ""`)
	look(t, b, "locked")
	b.Size(390, 800)
	if got := b.Eval(`fetch("/cases").then(r => r.url)`); !strings.Contains(got, "/unlock") {
		t.Errorf("a locked session: got %s, want to be asked to open it", got)
	}
	b.Fill("#lock-code", "nonsense")
	b.Click("#lock-open")
	b.WaitVisible("#lock .unlock-said")
	b.Console()
	b.Fill("#lock-code", testPassword)
	b.Click("#lock-open")
	b.WaitVisible("#main:not([inert])")
	if got := b.Eval(`String(document.querySelector("#lock").open) + document.querySelector("form[data-form=return] textarea").value`); got != "false写到一半" {
		t.Errorf("after opening: got %q, want the page as it was", got)
	}

	b.Go("/inbox")
	b.Click("#pin summary")
	b.Fill("#pin-code", "123456")
	b.Click("#set-pin")
	b.WaitVisible("#pin .wrong")
	b.Console()
	b.Fill("#pin-code", "482913")
	b.Click("#set-pin")
	b.WaitVisible("#flash")
	w.gov.reach(b, false)
	b.Go(leg)
	b.WaitVisible("article details[data-open=return][open]")
	b.Eval(`document.body.dataset.lock = "0"; ""`)
	b.WaitVisible("#lock[open]")
	b.Eval(`document.body.dataset.lock = "300"; ""`)
	for range 50 {
		if !strings.Contains(b.Eval(stored), "extractable") {
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	if all := b.Eval(stored); strings.Contains(all, "extractable") {
		t.Errorf("locked with a PIN, the key is still there: %s", all)
	}
	b.Go(leg) // a reload opens nothing
	b.WaitVisible("#lock[open]")
	b.Fill("#lock-code", "482914")
	b.Click("#lock-open")
	b.WaitText("#lock .unlock-said", "4 次")
	b.Fill("#lock-code", "482913")
	b.Click("#lock-open")
	b.WaitVisible("article details[data-open=return][open]")
	if got := b.Eval(`document.querySelector("article form[data-form=return] textarea").value`); got != "写到一半" {
		t.Errorf("opened without a line: got %q", got)
	}
	b.Console()
	w.gov.reach(b, true)

	// Without a script there is a page for it.
	who := w.gov.as("duty")
	who.follow(who.submit(who.get("/inbox"), "#lock-now", nil))
	if got := who.get("/inbox"); got.status != 303 || !strings.HasPrefix(got.location, "/unlock") {
		t.Errorf("locked without a script: got %d %s", got.status, got.location)
	}
	who.follow(who.submit(who.get("/unlock?next=/inbox"), "form.unlock", map[string][]string{"code": {testPassword}}))
	if got := who.get("/inbox"); got.status != 200 {
		t.Errorf("opened without a script: got %d", got.status)
	}
}

// A page of the inbox, with all that it loads, stays under 150 KB.
func TestInboxWeight(t *testing.T) {
	w := newWorld(t)
	w.gov.as("operator").take("城关区北京中路的路灯坏了三天了，没人来修", nil)
	clerk := w.gov.as("clerk")
	page := clerk.get("/inbox")
	row := page.one(".inbox-row h2 a")
	for _, got := range []answer{page, clerk.get(row.attrs["href"]), clerk.get("/offline")} {
		total := len(gzipped([]byte(got.body)))
		seen := map[string]bool{}
		for _, e := range append(got.page().all(t, "script[src]"), got.page().all(t, "link[href]")...) {
			address := e.attrs["src"] + e.attrs["href"]
			if seen[address] {
				continue
			}
			seen[address] = true
			total += len(clerk.do("GET", address, nil, map[string]string{"Accept-Encoding": "gzip"}).body)
		}
		total += len(gzipped([]byte(clerk.get("/offline-worker.js").body)))
		if total > 150<<10 {
			t.Errorf("%s: got %d bytes over the line, want 150 KB at most", got.location, total)
		}
		t.Logf("%d bytes", total)
	}
}
