package notify

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"liandong/internal/calendar"
	"liandong/internal/catalogue"
	"liandong/internal/desk"
	"liandong/internal/directory"
	"liandong/internal/hotline"
	"liandong/internal/leg"
	"liandong/internal/pgtest"
	"liandong/internal/seal"
	"liandong/internal/store"
	"liandong/internal/triage"
)

const housing = "540102-housing"

// house is a desk with a clock of its own, and its messenger.
type house struct {
	*desk.Desk
	t    *testing.T
	st   *store.Store
	dsn  string
	keys *seal.Keyring
	mu   sync.Mutex
	now  time.Time
	root hotline.Actor
	lead hotline.Actor
	by   map[string]Channel
}

func (h *house) Now() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.now = h.now.Add(time.Microsecond)
	return h.now
}

func (h *house) pass(d time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.now = h.now.Add(d)
}

func houses(t *testing.T, test func(h *house)) {
	for _, engine := range []string{"sqlite", "postgres"} {
		t.Run(engine, func(t *testing.T) {
			dsn := filepath.Join(t.TempDir(), "test.db")
			if engine == "postgres" {
				dsn = pgtest.DSN(t)
			}
			keys, err := seal.NewKeyring(rand.Reader)
			if err != nil {
				t.Fatal(err)
			}
			h := &house{t: t, dsn: dsn, keys: keys, now: time.Date(2026, 3, 11, 10, 0, 0, 0, calendar.Zone)} // a Wednesday
			h.open()
			t.Cleanup(func() { h.st.Close() })
			test(h)
		})
	}
}

// open opens the database, as a process does that starts.
func (h *house) open() {
	h.t.Helper()
	var err error
	fail := func() {
		h.t.Helper()
		if err != nil {
			h.t.Fatal(err)
		}
	}
	h.st, err = store.Open(h.t.Context(), h.dsn)
	fail()
	cat, err := catalogue.Seed()
	fail()
	dir, err := directory.Seed()
	fail()
	cal, err := calendar.Seed()
	fail()
	who := store.Node{Platform: "540000-12345", Line: "12345", Name: "测试热线", Region: "540000", Epoch: 1, CreatedAt: h.now}
	if err := h.st.Write(h.t.Context(), func(tx *store.Tx) error { return tx.AddNode(h.t.Context(), who) }); err != nil && !store.IsDuplicate(err) {
		h.t.Fatal(err)
	}
	h.root = hotline.Actor{ID: "root", Name: "测试管理员", Role: hotline.Administrator, Platform: who.Platform}
	h.lead = hotline.Actor{ID: "leader", Name: "测试班长", Role: hotline.ShiftLeader, Platform: who.Platform}
	h.Desk = desk.New(desk.Config{Store: h.st, Keys: h.keys, Node: who, Catalogue: cat, Directory: dir, Calendar: cal, Now: h.Now, Channels: desk.NoticeChannels(),
		Triage: func(c *catalogue.Catalogue, m *triage.Model) triage.Engine { return triage.NewTrained(c, dir, m) }})
}

// recipient adds a recipient of a unit's notices.
func (h *house) recipient(unit, channel, address, rung, quiet string) {
	h.t.Helper()
	err := h.AddNoticeRecipient(h.t.Context(), h.root, desk.NewRecipient{Name: "测试值班", Unit: unit, Channel: channel, Address: hotline.NewPersonal(address),
		Rung: rung, Quiet: quiet, Language: "zh-CN"})
	if err != nil {
		h.t.Fatal(err)
	}
}

// give takes a case and gives it to the unit, which accepts it.
func (h *house) give(text string) desk.CaseView {
	h.t.Helper()
	ctx := h.t.Context()
	c, _, err := h.Intake(ctx, h.lead, desk.In{Text: text, Channel: "phone", Region: "540102", Category: "A14", CallerName: "张测试", CallerPhone: "13900000001"})
	if err != nil {
		h.t.Fatal(err)
	}
	c, err = h.SendLegs(ctx, h.lead, c.ID, nil, []desk.Order{{To: "unit:" + housing, Role: leg.Lead}})
	if err != nil {
		h.t.Fatal(err)
	}
	clerk := hotline.Actor{ID: "clerk", Name: "测试承办", Role: hotline.Clerk, Platform: h.lead.Platform, Unit: housing}
	if _, err := h.Act(ctx, clerk, c.Legs[0].ID, desk.Do{Verb: leg.Accept}); err != nil {
		h.t.Fatal(err)
	}
	return c
}

// round fires what is due and sends what is due, once.
func (h *house) round() {
	h.t.Helper()
	if _, err := h.FireClocks(h.t.Context()); err != nil {
		h.t.Fatal(err)
	}
	m := NewMessenger(h.Desk, h.by, "http://desk.example", nil)
	for ch := range h.by {
		if err := m.Send(h.t.Context(), ch); err != nil {
			h.t.Fatal(err)
		}
	}
}

// let lets time pass in steps, with a round after each.
func (h *house) let(d, step time.Duration) {
	h.t.Helper()
	for range d / step {
		h.pass(step)
		h.round()
	}
}

func (h *house) log() []desk.LogRow {
	h.t.Helper()
	log, err := h.NoticeLog(h.t.Context(), h.root, "", false, 100)
	if err != nil {
		h.t.Fatal(err)
	}
	return log
}

// gateway is an SMS gateway, or a group's robot: an HTTP server that keeps what
// it is given.
type gateway struct {
	*httptest.Server
	mu     sync.Mutex
	bodies []string
	keys   []string
	auth   string
}

func newGateway(t *testing.T, answer func(w http.ResponseWriter, call int)) *gateway {
	g := &gateway{}
	g.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		g.mu.Lock()
		g.bodies, g.keys, g.auth = append(g.bodies, string(b)), append(g.keys, r.Header.Get(KeyHeader)), r.Header.Get("Authorization")
		n := len(g.bodies)
		g.mu.Unlock()
		if answer != nil {
			answer(w, n)
		}
	}))
	t.Cleanup(g.Close)
	return g
}

func (g *gateway) got() []string {
	g.mu.Lock()
	defer g.mu.Unlock()
	return append([]string(nil), g.bodies...)
}

// A case that runs over is told by every channel, each rung once, several at a
// time in one message, without a word of what the caller said.
func TestNotices(t *testing.T) {
	houses(t, func(h *house) {
		office, sms, robot := newPostOffice(t), newGateway(t, nil), newGateway(t, nil)
		h.by = map[string]Channel{desk.ByMail: Mail{Server: office.addr, From: "desk@test.example", TLS: NoTLS},
			desk.BySMS: NewSMS(sms.URL, "geheim", ""), desk.ByWebhook: NewWebhook(h.keys)}
		h.recipient(housing, desk.ByMail, "duty@test.example", "remind", "21:00-08:00")
		h.recipient(housing, desk.BySMS, "13900000009", "red", "")
		h.recipient("", desk.ByWebhook, robot.URL+"/robot", "over", "")
		h.recipient("540102-urban", desk.ByMail, "other@test.example", "remind", "")
		var cases []desk.CaseView
		for range 3 {
			cases = append(cases, h.give("路灯坏了三天没人修，住在测试路1号"))
		}
		h.let(20*24*time.Hour, 30*time.Minute)

		told := map[string]int{} // by rung, clock and case
		for _, row := range h.log() {
			if row.State != store.NoticeSent || row.SentAt.IsZero() || row.To.Unit == "540102-urban" {
				t.Errorf("in the log: %+v", row.NoticeMessage)
			}
			for _, n := range row.Notices {
				told[row.To.ID+n.Rung+n.Clock+n.CaseID]++
			}
		}
		for what, n := range told {
			if n != 1 {
				t.Errorf("%s was told %d times", what, n)
			}
		}
		mails := office.got()
		notices, err := h.NoticesOf(t.Context(), hotline.Actor{ID: "c", Role: hotline.Clerk, Unit: housing}, time.Time{}, 100)
		if err != nil || len(notices) == 0 {
			t.Fatal(notices, err)
		}
		if 3*len(mails) > len(notices) {
			t.Errorf("%d notices about three cases at the same time came in %d mails, want a third or less", len(notices), len(mails))
		}
		for _, m := range mails {
			if m.to != "duty@test.example" {
				t.Errorf("a mail to %s", m.to)
			}
		}
		var highest letterSeen
		for _, m := range mails {
			if strings.Contains(m.subject, "督办 3 件") {
				highest = m
			}
		}
		for _, want := range []string{"〔督办〕" + say(cases[0].Number), "http://desk.example/legs/" + cases[2].Legs[0].ID, "城关区住房和城乡建设局", "不含个人信息"} {
			if !strings.Contains(highest.text, want) {
				t.Errorf("the mail does not say %q:\n%s\n%s", want, highest.subject, highest.text)
			}
		}
		if len(sms.got()) == 0 || len(robot.got()) == 0 {
			t.Fatalf("%d SMS, %d to the robot", len(sms.got()), len(robot.got()))
		}
		if sms.auth != "Bearer geheim" {
			t.Errorf("the gateway's key: %q", sms.auth)
		}
		var short struct{ ID, To, Text string }
		if err := json.Unmarshal([]byte(sms.got()[0]), &short); err != nil || short.To != "13900000009" || !strings.Contains(short.Text, "红牌 3 件") || short.ID != sms.keys[0] {
			t.Errorf("%s, %v", sms.got()[0], err)
		}
		var said hook
		if err := json.Unmarshal([]byte(robot.got()[0]), &said); err != nil || len(said.Notices) == 0 || said.MsgType != "text" || !strings.Contains(said.Text.Content, "超时") {
			t.Errorf("%s, %v", robot.got()[0], err)
		}
		all := strings.Join(append(sms.got(), robot.got()...), "\n")
		for _, m := range mails {
			all += m.subject + m.text
		}
		for _, secret := range []string{"张测试", "13900000001", "测试路", "路灯坏了"} {
			if strings.Contains(all, secret) {
				t.Errorf("%s stands in a notice", secret)
			}
		}
	})
}

func say(number string) string { return number[:6] + "-" + number[6:] }

// In quiet hours only what is urgent goes; then the rest in one mail.
func TestQuietHours(t *testing.T) {
	houses(t, func(h *house) {
		office := newPostOffice(t)
		h.by = map[string]Channel{desk.ByMail: Mail{Server: office.addr, From: "desk@test.example", TLS: NoTLS}}
		h.pass(10 * time.Hour) // eight in the evening
		h.recipient(housing, desk.ByMail, "duty@test.example", "remind", "18:00-08:00")
		h.recipient("", desk.ByMail, "desk@test.example", "over", "18:00-08:00")
		c := h.give("测试井盖坏了")
		l, err := h.st.Reader().Leg(t.Context(), c.Legs[0].ID)
		if err != nil {
			t.Fatal(err)
		}
		// Two rungs whose ladders have no quiet hours of their own, and one of an urgent leg.
		if err := h.st.Write(t.Context(), func(tx *store.Tx) error {
			for i := range 3 {
				n := store.Notice{ID: hotline.NewID(), CaseID: c.ID, LegID: l.ID, Unit: housing, Rung: "near", Clock: "handling", Number: c.Number, DueAt: h.now, MadeAt: h.now}
				if err := tx.AddNotice(t.Context(), n); err != nil {
					return err
				}
				to, err := tx.RecipientsOf(t.Context(), housing)
				if err != nil {
					return err
				}
				m := store.NoticeMessage{ID: hotline.NewID(), RecipientID: to[0].ID, Urgent: i == 2, State: store.NoticeWaiting, MadeAt: h.now,
					NextAt: map[bool]time.Time{true: h.now, false: time.Date(2026, 3, 12, 8, 0, 0, 0, calendar.Zone)}[i == 2]}
				if err := tx.GatherNotice(t.Context(), m, n.ID); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		h.round()
		if got := office.got(); len(got) != 1 || !strings.HasPrefix(got[0].subject, "【紧急】") {
			t.Fatalf("in quiet hours: %+v, want the urgent one", got)
		}
		h.let(11*time.Hour, 30*time.Minute)
		if got := office.got(); len(got) != 1 {
			t.Fatalf("before eight: %d mails", len(got))
		}
		h.let(2*time.Hour, 30*time.Minute)
		digest := ""
		for _, m := range office.got()[1:] {
			if m.to == "duty@test.example" {
				digest += m.subject + "|"
			}
		}
		if !strings.Contains(digest, "黄牌 2 件") || strings.Count(digest, "|") != 1 {
			t.Errorf("after eight: %s, want one mail with both", digest)
		}
	})
}

// A gateway that is dead stops nothing, is asked less and less, and gets all in
// one message when it is back.
func TestDeadGateway(t *testing.T) {
	houses(t, func(h *house) {
		office, dead := newPostOffice(t), true
		sms := newGateway(t, func(w http.ResponseWriter, _ int) {
			if dead {
				http.Error(w, "for 13900000009: no credit", http.StatusServiceUnavailable)
			}
		})
		h.by = map[string]Channel{desk.ByMail: Mail{Server: office.addr, From: "desk@test.example", TLS: NoTLS},
			desk.BySMS: NewSMS(sms.URL, "", "mobile={to}&content={text}&key=a")}
		h.recipient(housing, desk.ByMail, "duty@test.example", "remind", "")
		h.recipient(housing, desk.BySMS, "13900000009", "remind", "")
		h.give("测试井盖坏了")
		h.let(3*24*time.Hour, 10*time.Minute)
		if len(office.got()) == 0 {
			t.Error("mails waited for the gateway")
		}
		counts, err := h.NoticeCounts(t.Context())
		if err != nil || counts[desk.BySMS].Failing != 1 || counts[desk.BySMS].Waiting != 1 {
			t.Errorf("counts %+v, %v", counts, err)
		}
		if n := len(sms.got()); n < 20 || n > 90 {
			t.Errorf("asked %d times in three days, want about once an hour", n)
		}
		for _, row := range h.log() {
			if row.To.Channel == desk.BySMS && (!strings.Contains(row.LastError, "503") || strings.Contains(row.LastError, "13900000009")) {
				t.Errorf("the log says %q", row.LastError)
			}
		}
		dead = false
		before := len(sms.got())
		h.let(2*time.Hour, 10*time.Minute)
		if got := sms.got()[before:]; len(got) != 1 || !strings.HasPrefix(got[0], "mobile=13900000009&content=%E3%80%90") {
			t.Errorf("when it was back it got %q", got)
		}
	})
}

// TestMain runs the messenger in a process of its own, for TestKilled.
func TestMain(m *testing.M) {
	if os.Getenv("NOTIFY_TEST_SEND") == "" {
		os.Exit(m.Run())
	}
	if err := sendOnce(os.Getenv("NOTIFY_TEST_DSN"), os.Getenv("NOTIFY_TEST_KEYS"), os.Getenv("NOTIFY_TEST_SEND"), os.Getenv("NOTIFY_TEST_NOW")); err != nil {
		slog.Error("send", "err", err)
		os.Exit(1)
	}
	os.Exit(0)
}

func sendOnce(dsn, keyFile, server, at string) error {
	ctx := context.Background()
	raw, err := os.ReadFile(keyFile)
	if err != nil {
		return err
	}
	keys, err := seal.ParseKeyring(raw)
	if err != nil {
		return err
	}
	now, err := time.Parse(time.RFC3339Nano, at)
	if err != nil {
		return err
	}
	st, err := store.Open(ctx, dsn)
	if err != nil {
		return err
	}
	defer st.Close()
	cat, err := catalogue.Seed()
	if err != nil {
		return err
	}
	dir, err := directory.Seed()
	if err != nil {
		return err
	}
	d := desk.New(desk.Config{Store: st, Keys: keys, Node: store.Node{Platform: "540000-12345"}, Catalogue: cat, Directory: dir, Now: func() time.Time { return now },
		Triage: func(c *catalogue.Catalogue, m *triage.Model) triage.Engine { return triage.NewTrained(c, dir, m) }})
	return NewMessenger(d, map[string]Channel{desk.ByMail: Mail{Server: server, From: "desk@test.example", TLS: NoTLS}}, "http://desk.example", nil).Send(ctx, desk.ByMail)
}

// A process that is killed after the mail was taken and before that was noted
// leaves a mail that was sent once, and a row that says that nobody knows; a
// person may send it again.
func TestKilled(t *testing.T) {
	houses(t, func(h *house) {
		office := newPostOffice(t)
		h.recipient(housing, desk.ByMail, "duty@test.example", "remind", "")
		h.give("测试井盖坏了")
		for len(h.log()) == 0 {
			h.pass(10 * time.Minute)
			h.round()
		}
		h.pass(2 * time.Minute)
		h.st.Close() // SQLite has one process at a time
		keyFile := filepath.Join(t.TempDir(), "keys.json")
		if err := os.WriteFile(keyFile, h.keys.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
		child := exec.Command(os.Args[0])
		child.Env = append(os.Environ(), "NOTIFY_TEST_SEND="+office.addr, "NOTIFY_TEST_DSN="+h.dsn, "NOTIFY_TEST_KEYS="+keyFile, "NOTIFY_TEST_NOW="+h.Now().Format(time.RFC3339Nano))
		child.Stderr = os.Stderr
		office.took = func() bool { _ = child.Process.Kill(); return true }
		if err := child.Start(); err != nil {
			t.Fatal(err)
		}
		if err := child.Wait(); err == nil || child.ProcessState.Exited() {
			t.Fatalf("the process ended by itself: %v", err)
		}
		office.took = nil
		h.open()
		t.Cleanup(func() { h.st.Close() })
		h.by = map[string]Channel{desk.ByMail: Mail{Server: office.addr, From: "desk@test.example", TLS: NoTLS}}
		m := NewMessenger(h.Desk, h.by, "http://desk.example", nil)
		for range 6 {
			h.pass(time.Minute)
			if err := m.Send(t.Context(), desk.ByMail); err != nil {
				t.Fatal(err)
			}
		}
		if got := office.got(); len(got) != 1 {
			t.Fatalf("sent %d times, want once", len(got))
		}
		row := h.log()[0]
		if row.State != store.NoticeUnsure {
			t.Fatalf("the log says %s, want unsure", row.State)
		}
		if counts, err := h.NoticeCounts(t.Context()); err != nil || counts[desk.ByMail].Unsure != 1 {
			t.Errorf("counts %+v, %v", counts, err)
		}
		if err := h.ResendNotice(t.Context(), h.lead, row.ID); err != nil {
			t.Fatal(err)
		}
		if err := m.Send(t.Context(), desk.ByMail); err != nil {
			t.Fatal(err)
		}
		got := office.got()
		if len(got) != 2 || got[0].id != got[1].id || h.log()[0].State != store.NoticeSent {
			t.Errorf("after a person sent it again: %+v, %s", got, h.log()[0].State)
		}
		if err := h.ResendNotice(t.Context(), h.lead, row.ID); hotline.CodeOf(err) != "notice_sure" {
			t.Errorf("sent again although it went: %v", err)
		}
	})
}

// A connection that breaks before the answer leaves the same doubt; of an
// urgent leg it is sent again, under the same id, but not for ever.
func TestUnsure(t *testing.T) {
	houses(t, func(h *house) {
		office := newPostOffice(t)
		office.took = func() bool { return false }
		h.by = map[string]Channel{desk.ByMail: Mail{Server: office.addr, From: "desk@test.example", TLS: NoTLS}}
		h.recipient(housing, desk.ByMail, "duty@test.example", "remind", "")
		to, err := h.st.Reader().RecipientsOf(t.Context(), housing)
		if err != nil {
			t.Fatal(err)
		}
		for _, urgent := range []bool{false, true} {
			m := store.NoticeMessage{ID: hotline.NewID(), RecipientID: to[0].ID, Urgent: urgent, State: store.NoticeWaiting, MadeAt: h.now, NextAt: h.now}
			if err := h.st.Write(t.Context(), func(tx *store.Tx) error { return tx.AddNoticeMessage(t.Context(), m) }); err != nil {
				t.Fatal(err)
			}
			before := len(office.got())
			h.let(time.Hour, time.Minute)
			got := office.got()[before:]
			if want := map[bool]int{false: 1, true: 3}[urgent]; len(got) != want {
				t.Errorf("urgent %v: said %d times, want %d", urgent, len(got), want)
			}
			for _, m := range got {
				if m.id != got[0].id {
					t.Errorf("urgent %v: another id %s, want %s", urgent, m.id, got[0].id)
				}
			}
			if s := h.log()[0].State; s != store.NoticeUnsure {
				t.Errorf("urgent %v: %s", urgent, s)
			}
		}
	})
}

// What a server refuses waits; the log does not repeat the address. A server
// that cannot do TLS is told nothing where TLS was asked for.
func TestMailRefused(t *testing.T) {
	office := newPostOffice(t)
	office.refuse = func(to string) bool { return to == "gone@test.example" }
	m := Message{ID: "m1", To: hotline.NewPersonal("gone@test.example"), Subject: "测试", Text: "测试"}
	err := Mail{Server: office.addr, From: "desk@test.example", TLS: NoTLS}.Send(t.Context(), m)
	if err == nil || !strings.Contains(err.Error(), "550") || strings.Contains(err.Error(), "gone@") {
		t.Errorf("refused: %v", err)
	}
	office.said = nil
	if err := (Mail{Server: office.addr, From: "desk@test.example", User: "u", Password: "geheim", TLS: StartTLS}).Send(t.Context(), m); err == nil {
		t.Error("said without TLS")
	}
	if got := strings.Join(office.said, "|"); strings.Contains(got, "AUTH") || strings.Contains(got, "MAIL") {
		t.Errorf("it was told %s", got)
	}
	if len(office.got()) != 0 {
		t.Error("a mail was kept")
	}
}

func TestRecipientIsChecked(t *testing.T) {
	houses(t, func(h *house) {
		good := desk.NewRecipient{Name: "测试值班", Unit: housing, Channel: desk.ByMail, Address: hotline.NewPersonal("duty@test.example"), Rung: "near", Language: "zh-CN"}
		for want, change := range map[string]func(*desk.NewRecipient){
			"text_empty":       func(r *desk.NewRecipient) { r.Name = " " },
			"unit_unknown":     func(r *desk.NewRecipient) { r.Unit = "gone" },
			"notice_channel":   func(r *desk.NewRecipient) { r.Channel = "pigeon" },
			"notice_address":   func(r *desk.NewRecipient) { r.Address = hotline.NewPersonal("a@b\r\nBcc: c@d") },
			"rung_unknown":     func(r *desk.NewRecipient) { r.Rung = "black" },
			"quiet_unreadable": func(r *desk.NewRecipient) { r.Quiet = "night" },
			"language_unknown": func(r *desk.NewRecipient) { r.Language = "fr" },
		} {
			bad := good
			change(&bad)
			if err := h.AddNoticeRecipient(t.Context(), h.root, bad); hotline.CodeOf(err) != want {
				t.Errorf("got %v, want %s", err, want)
			}
		}
		for channel, address := range map[string]string{desk.BySMS: "一三九", desk.ByWebhook: "ftp://x"} {
			bad := good
			bad.Channel, bad.Address = channel, hotline.NewPersonal(address)
			if err := h.AddNoticeRecipient(t.Context(), h.root, bad); hotline.CodeOf(err) != "notice_address" {
				t.Errorf("%s: %v", channel, err)
			}
		}
		if err := h.AddNoticeRecipient(t.Context(), h.lead, good); hotline.KindOf(err) != hotline.Denied {
			t.Errorf("by a shift leader: %v", err)
		}
		if all, err := h.NoticeRecipients(t.Context(), h.root); err != nil || len(all) != 0 {
			t.Errorf("recipients %v, %v", all, err)
		}
		h.recipient(housing, desk.ByMail, "duty@test.example", "near", "")
		all, err := h.NoticeRecipients(t.Context(), h.root)
		if err != nil || len(all) != 1 || all[0].Masked != "d***@test.example" || strings.Contains(string(all[0].Address), "duty") {
			t.Fatalf("recipients %+v, %v", all, err)
		}
		// A test goes at once; one to a recipient that was removed does not go at all.
		office := newPostOffice(t)
		h.by = map[string]Channel{desk.ByMail: Mail{Server: office.addr, From: "desk@test.example", TLS: NoTLS}}
		change := func(how string) error { return h.ChangeNoticeRecipient(t.Context(), h.root, all[0].ID, how) }
		if err := change("test"); err != nil {
			t.Fatal(err)
		}
		h.round()
		if got := office.got(); len(got) != 1 || !strings.Contains(got[0].text, "测试通知") {
			t.Errorf("the test: %+v", got)
		}
		if err := change("test"); err != nil {
			t.Fatal(err)
		}
		if err := change("remove"); err != nil {
			t.Fatal(err)
		}
		h.round()
		if row := h.log()[0]; len(office.got()) != 1 || row.State != store.NoticeDropped || row.Masked != "" || row.To.Name != "测试值班" {
			t.Errorf("after removal: %d mails, %+v", len(office.got()), row)
		}
		if err := change("start"); hotline.CodeOf(err) != "recipient_not_found" {
			t.Errorf("started although removed: %v", err)
		}
		if err := change("stop"); hotline.CodeOf(err) != "recipient_not_found" {
			t.Errorf("stopped although removed: %v", err)
		}
	})
}

// A message of urgent legs whose sender is killed each time goes three times
// at most; one that is not urgent once. What then nobody knows is unsure.
func TestKilledEachTime(t *testing.T) {
	houses(t, func(h *house) {
		h.recipient(housing, desk.BySMS, "13900000000", "remind", "")
		for urgent, want := range map[bool]int{false: 1, true: 3} {
			m := h.waits(urgent)
			taken := 0
			for range 6 {
				due, err := h.DueNotices(t.Context(), desk.BySMS, 10)
				if err != nil {
					t.Fatal(err)
				}
				for _, d := range due {
					_, ok, err := h.TakeNotice(t.Context(), d)
					if err != nil {
						t.Fatal(err)
					}
					if ok {
						taken++
					}
				}
				h.pass(time.Hour)
			}
			if taken != want {
				t.Errorf("urgent %v: taken %d times, want %d", urgent, taken, want)
			}
			if got, err := h.st.Reader().NoticeMessage(t.Context(), m.ID); err != nil || got.State != store.NoticeUnsure {
				t.Errorf("urgent %v: got %s (%v), want %s", urgent, got.State, err, store.NoticeUnsure)
			}
		}
	})
}

// The hour's pause begins with what is not urgent alone.
func TestUrgentStartsNoPause(t *testing.T) {
	houses(t, func(h *house) {
		h.recipient(housing, desk.BySMS, "13900000000", "remind", "")
		for _, urgent := range []bool{true, false} {
			letter, ok, err := h.TakeNotice(t.Context(), h.waits(urgent))
			if err != nil || !ok {
				t.Fatalf("urgent %v: not taken: %v", urgent, err)
			}
			if err := h.NoticeWent(t.Context(), letter.NoticeMessage); err != nil {
				t.Fatal(err)
			}
			to, err := h.st.Reader().NoticeRecipient(t.Context(), letter.RecipientID)
			if err != nil {
				t.Fatal(err)
			}
			if to.ToldAt.IsZero() != urgent {
				t.Errorf("urgent %v: told last at %v", urgent, to.ToldAt)
			}
		}
	})
}

// What waits when a sending fails joins what failed: one message goes later.
// One that may have gone takes nothing with it.
func TestFailedTakesWhatWaits(t *testing.T) {
	houses(t, func(h *house) {
		h.recipient(housing, desk.BySMS, "13900000000", "remind", "")
		for _, unsure := range []bool{true, false} {
			letter, ok, err := h.TakeNotice(t.Context(), h.waits(false))
			if err != nil || !ok {
				t.Fatalf("unsure %v: not taken: %v", unsure, err)
			}
			later := h.waits(false)
			if err := h.NoticeFailed(t.Context(), letter.NoticeMessage, "no answer", unsure); err != nil {
				t.Fatalf("unsure %v: %v", unsure, err)
			}
			_, err = h.st.Reader().NoticeMessage(t.Context(), later.ID)
			if gone := hotline.KindOf(err) == hotline.NotFound; gone == unsure {
				t.Errorf("unsure %v: what waited: %v", unsure, err)
			}
			if unsure { // out of the way of the next
				if _, _, err := h.TakeNotice(t.Context(), later); err != nil {
					t.Fatal(err)
				}
			}
		}
	})
}

// waits adds a message to the one recipient there is.
func (h *house) waits(urgent bool) store.NoticeMessage {
	h.t.Helper()
	to, err := h.st.Reader().RecipientsOf(h.t.Context(), housing)
	if err != nil || len(to) != 1 {
		h.t.Fatalf("recipients: %d, %v", len(to), err)
	}
	m := store.NoticeMessage{ID: hotline.NewID(), RecipientID: to[0].ID, Urgent: urgent, State: store.NoticeWaiting, MadeAt: h.Now(), NextAt: h.Now()}
	if err := h.st.Write(h.t.Context(), func(tx *store.Tx) error { return tx.AddNoticeMessage(h.t.Context(), m) }); err != nil {
		h.t.Fatal(err)
	}
	return m
}
