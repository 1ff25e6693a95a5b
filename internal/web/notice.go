package web

import (
	"context"
	"net/url"
	"strconv"
	"time"

	"liandong/internal/catalogue"
	"liandong/internal/desk"
	"liandong/internal/hotline"
	"liandong/internal/message"
	"liandong/internal/store"
)

// noticePages are the templates of these pages.
var noticePages = []string{"notices", "notice-log"}

// Notices is what the pages of notices ask of the desk.
type Notices interface {
	Channels() []string
	NoticesOf(ctx context.Context, a hotline.Actor, before time.Time, limit int) ([]store.Notice, error)
	UnreadNotices(ctx context.Context, a hotline.Actor) (int, error)
	SeeNotices(ctx context.Context, a hotline.Actor, upTo time.Time) error
	NoticeLog(ctx context.Context, a hotline.Actor, before string, open bool, limit int) ([]desk.LogRow, error)
	NoticeCounts(ctx context.Context) (map[string]store.NoticeCounts, error)
	NoticeRecipients(ctx context.Context, a hotline.Actor) ([]desk.RecipientView, error)
	AddNoticeRecipient(ctx context.Context, a hotline.Actor, in desk.NewRecipient) error
	ChangeNoticeRecipient(ctx context.Context, a hotline.Actor, id, how string) error
	ResendNotice(ctx context.Context, a hotline.Actor, id string) error
}

// noticeRoutes are the pages of notices.
func (s *site) noticeRoutes() []route {
	return []route{
		{pattern: "GET /notices", right: hotline.SeeCases, handle: s.noticesPage},
		{pattern: "GET /notices/bell", right: hotline.SeeCases, often: true, handle: s.bell},
		{pattern: "POST /notices/seen", right: hotline.SeeCases, handle: s.seeNotices},
		{pattern: "GET /notices/log", right: hotline.SeeLinks, handle: s.noticeLog},
		{pattern: "POST /notices/log/{id}/resend", right: hotline.MendLinks, handle: s.resendNotice, form: s.noticeLog},
		{pattern: "POST /notices/recipients", right: hotline.Administer, handle: s.addRecipient, form: s.noticeLog},
		{pattern: "POST /notices/recipients/{id}/{how}", right: hotline.Administer, handle: s.changeRecipient, form: s.noticeLog},
	}
}

// noticeRows is how many notices, or messages, stand on a page.
const noticeRows = 50

// NoticesPage is what rungs told the person's unit, or the desk.
type NoticesPage struct {
	Page
	Notices []NoticeRow
	UpTo    int64  // what "seen" covers, in microseconds
	Older   string // address of the next page; "" there is none
	MayLog  bool
}

// NoticeRow is one notice.
type NoticeRow struct {
	store.Notice
	Path string
}

func (s *site) noticesPage(q *request) error {
	before := time.Time{}
	if n, err := strconv.ParseInt(q.field("before"), 10, 64); err == nil && n > 0 {
		before = time.UnixMicro(n)
	}
	data := NoticesPage{Page: s.page(q, "web.notice.title"), MayLog: q.actor.Has(hotline.SeeLinks)}
	ns, err := s.desk.NoticesOf(q.ctx(), q.actor, before, noticeRows)
	if err != nil {
		return err
	}
	for _, n := range ns {
		row := NoticeRow{Notice: n, Path: "/cases/" + url.PathEscape(n.CaseID)}
		if n.LegID != "" {
			row.Path = "/legs/" + url.PathEscape(n.LegID)
		}
		if n.Rung == desk.NoticeAnswered { // the unit does not see the case, and the answer stands beside the figure
			row.Path = "/assessment/scores?month=" + url.QueryEscape(n.Item)
		}
		data.Notices = append(data.Notices, row)
	}
	if len(ns) > 0 {
		data.UpTo = ns[0].MadeAt.UnixMicro()
	}
	if len(ns) == noticeRows {
		data.Older = "/notices?before=" + strconv.FormatInt(ns[len(ns)-1].MadeAt.UnixMicro(), 10)
	}
	return s.show(q, "notices", data)
}

// Bell is the mark in the head of every page that tells of unread notices.
type Bell struct {
	Unread int
	Most   bool // there are that many, or more
}

func (s *site) bellOf(q *request) (b Bell, err error) {
	b.Unread, err = s.desk.UnreadNotices(q.ctx(), q.actor)
	b.Most = b.Unread >= desk.UnreadMost
	return b, err
}

// ringing is the bell of a whole page. A page is not refused for its sake.
func (s *site) ringing(q *request) *Bell {
	if !q.actor.Has(hotline.SeeCases) {
		return nil
	}
	b, err := s.bellOf(q)
	if err != nil {
		s.log.Error("unread notices", "ref", q.ref, "err", err)
		return nil
	}
	return &b
}

func (s *site) bell(q *request) error {
	b, err := s.bellOf(q)
	if err != nil {
		return err
	}
	return s.part(q, "notices", "bell", b)
}

func (s *site) seeNotices(q *request) error {
	n, err := strconv.ParseInt(q.field("up_to"), 10, 64)
	if err != nil || n <= 0 {
		return hotline.Errorf(hotline.Invalid, "form_invalid", "body")
	}
	if err := s.desk.SeeNotices(q.ctx(), q.actor, time.UnixMicro(n)); err != nil {
		return err
	}
	return s.to(q, "/notices", "web.flash.notices_seen")
}

// NoticeLogPage is what was sent to whom about which case, and where notices go.
type NoticeLogPage struct {
	Page
	Rows       []desk.LogRow
	Counts     []NoticeCount
	Open       bool // only what did not go
	Older      string
	MayCases   bool
	Mend       bool
	Edit       bool
	Recipients []desk.RecipientView
	Channels   []string
	Rungs      []string
	Languages  []string
	Add        Form
}

// NoticeCount is what did not go by one channel.
type NoticeCount struct {
	Channel string
	store.NoticeCounts
}

func (s *site) noticeLog(q *request) error {
	data := NoticeLogPage{Page: s.page(q, "web.notice.log_title"), Open: q.field("open") == "1", MayCases: q.actor.Has(hotline.SeeCases),
		Mend: q.actor.Has(hotline.MendLinks), Edit: q.actor.Has(hotline.Administer), Channels: s.desk.Channels(), Rungs: catalogue.Rungs(),
		Languages: message.Languages()}
	var err error
	if data.Rows, err = s.desk.NoticeLog(q.ctx(), q.actor, q.field("before"), data.Open, noticeRows); err != nil {
		return err
	}
	counts, err := s.desk.NoticeCounts(q.ctx())
	if err != nil {
		return err
	}
	for _, ch := range desk.NoticeChannels() {
		if n := counts[ch]; n.Waiting+n.Unsure > 0 {
			data.Counts = append(data.Counts, NoticeCount{ch, n})
		}
	}
	if data.Recipients, err = s.desk.NoticeRecipients(q.ctx(), q.actor); err != nil {
		return err
	}
	if len(data.Rows) == noticeRows {
		v := url.Values{"before": {data.Rows[len(data.Rows)-1].ID}}
		if data.Open {
			v.Set("open", "1")
		}
		data.Older = "/notices/log?" + v.Encode()
	}
	data.Add = data.form("/notices/recipients", 0).preset("quiet", "21:00-08:00").preset("rung", catalogue.RungNear)
	if q.fault != nil {
		data.Here = "/notices/log"
	}
	return s.show(q, "notice-log", data)
}

func (s *site) addRecipient(q *request) error {
	unit := q.field("unit")
	for _, u := range s.desk.Directory().Units() {
		if u.Platform == s.desk.Node().Line && (u.Name == unit || u.NameEN == unit) {
			unit = u.Code
			break
		}
	}
	err := s.desk.AddNoticeRecipient(q.ctx(), q.actor, desk.NewRecipient{Name: q.field("name"), Unit: unit, Channel: q.field("channel_by"),
		Address: hotline.NewPersonal(q.field("address")), Rung: q.field("rung"), Quiet: q.field("quiet"), Language: q.field("language")})
	if err != nil {
		return err
	}
	return s.to(q, "/notices/log", "web.flash.recipient_added")
}

func (s *site) changeRecipient(q *request) error {
	how := q.PathValue("how")
	if err := s.desk.ChangeNoticeRecipient(q.ctx(), q.actor, q.PathValue("id"), how); err != nil {
		return err
	}
	return s.to(q, "/notices/log", "web.flash.recipient_"+how)
}

func (s *site) resendNotice(q *request) error {
	if err := s.desk.ResendNotice(q.ctx(), q.actor, q.PathValue("id")); err != nil {
		return err
	}
	return s.to(q, "/notices/log", "web.flash.notice_resent")
}
