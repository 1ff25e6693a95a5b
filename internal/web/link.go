package web

import (
	"encoding/json"
	"strings"

	"liandong/internal/desk"
	"liandong/internal/hotline"
	"liandong/internal/leg"
	"liandong/internal/message"
	"liandong/internal/store"
)

// LinksPage is the links to other platforms and the letters that are in
// trouble.
type LinksPage struct {
	Page
	Links  []LinkRow
	Repair []RepairRow
	// Strangers is what came from nobody that this platform is linked to.
	Strangers Refusals
	Mend      bool // the person may mend
	Form      Form // of the letter that was just refused
}

// LinkRow is one link.
type LinkRow struct {
	desk.LinkView
	Out      []LetterRow
	In       []store.LetterIn
	Refusals Refusals
	Accept   Form // ends the alarm over its history
	Replay   Form // sends letters again
}

// LetterRow is a letter of ours that is in trouble.
type LetterRow struct {
	store.LetterOut
	Why  string
	Open bool // it may be sent again or given up
	Void Form
}

// Refusals is what the door would not take from one sender.
type Refusals struct {
	Rows []RefusalRow
	Mend bool // the person may say that it was seen
}

func refusals(q *request, fs []store.Refusal) Refusals {
	out := Refusals{Mend: q.actor.Has(hotline.MendLinks)}
	for _, f := range fs {
		out.Rows = append(out.Rows, RefusalRow{Refusal: f, Why: message.Error(q.lang, &hotline.Error{Kind: hotline.Invalid, Code: f.Code}), Raw: readable(f.Raw)})
	}
	return out
}

// RefusalRow is what a door would not take.
type RefusalRow struct {
	store.Refusal
	Why string
	Raw string
}

// RepairRow is a leg that waits for a person.
type RepairRow struct {
	desk.InboxRow
	Form Form
}

func (s *site) linksPage(q *request) error {
	links, err := s.desk.Links(q.ctx(), q.actor)
	if err != nil {
		return err
	}
	data := LinksPage{Page: s.page(q, "web.links.title"), Mend: q.actor.Has(hotline.MendLinks)}
	if q.Method != "GET" {
		data.Here = "/links"
	}
	if q.fault != nil {
		data.Form = data.form(q.fault.Action, 0)
	}
	for _, l := range links {
		row := LinkRow{LinkView: l, In: l.Refused, Refusals: refusals(q, l.Refusals), Accept: data.form("/links/"+l.Peer+"/accept", 0),
			Replay: data.form("/links/"+l.Peer+"/replay", 0)}
		for _, o := range l.Stuck {
			row.Out = append(row.Out, LetterRow{LetterOut: o, Why: why(q.lang, o), Open: o.State != store.LetterVoided && o.State != store.LetterReceipted,
				Void: data.form("/links/letters/"+o.ID+"/void", 0)})
		}
		data.Links = append(data.Links, row)
	}
	strangers, err := s.desk.Strangers(q.ctx(), q.actor)
	if err != nil {
		return err
	}
	data.Strangers = refusals(q, strangers)
	if q.actor.Has(hotline.SeeOverview) {
		o, err := s.desk.Overview(q.ctx(), q.actor)
		if err != nil {
			return err
		}
		for _, r := range o.Repair {
			data.Repair = append(data.Repair, RepairRow{InboxRow: r, Form: data.form("/legs/"+r.ID+"/repaired", 0)})
		}
	}
	return s.show(q, "links", data)
}

// why is what went wrong with a letter of ours: the peer's own code where it
// answered with an error letter, else what the carrier met.
func why(lang string, l store.LetterOut) string {
	if l.Answer != "" {
		var m struct {
			Body leg.Body `json:"body"`
		}
		if json.Unmarshal([]byte(l.Answer), &m) == nil && m.Body.Code != "" {
			return message.Error(lang, &hotline.Error{Kind: hotline.Invalid, Code: m.Body.Code, Field: m.Body.Field})
		}
	}
	return l.LastError
}

const rawShown = 4000

// readable is a refused letter as a person may look at it: what is no text is
// shown as such, and not too much of it.
func readable(raw []byte) string {
	if len(raw) > rawShown {
		raw = raw[:rawShown]
	}
	return strings.Map(func(r rune) rune {
		if r < ' ' && r != '\n' && r != '\t' || r == 0x7f {
			return '\uFFFD'
		}
		return r
	}, strings.ToValidUTF8(string(raw), "\uFFFD"))
}

func (s *site) mendLetter(q *request) error {
	if err := s.desk.MendLetter(q.ctx(), q.actor, q.PathValue("id"), q.PathValue("how"), q.text("reason")); err != nil {
		return err
	}
	return s.to(q, "/links", "web.flash.letter_"+q.PathValue("how"))
}

func (s *site) replay(q *request) error {
	since, err := localTime(q.field("since"))
	if err != nil {
		return hotline.Errorf(hotline.Invalid, "replay_from", "since")
	}
	if _, err := s.desk.ReplayLetters(q.ctx(), q.actor, q.PathValue("peer"), desk.Replay{Since: since}); err != nil {
		return err
	}
	return s.to(q, "/links", "web.flash.replayed")
}

func (s *site) acceptHistory(q *request) error {
	if err := s.desk.AcceptHistory(q.ctx(), q.actor, q.PathValue("peer"), q.text("note")); err != nil {
		return err
	}
	return s.to(q, "/links", "web.flash.history_accepted")
}

func (s *site) repaired(q *request) error {
	if err := s.desk.ClearRepair(q.ctx(), q.actor, q.PathValue("id"), q.text("note")); err != nil {
		return err
	}
	return s.to(q, "/links", "web.flash.repaired")
}

func (s *site) seeRefusal(q *request) error {
	if err := s.desk.SeeRefusal(q.ctx(), q.actor, q.PathValue("id")); err != nil {
		return err
	}
	return s.to(q, "/links", "web.flash.seen")
}
