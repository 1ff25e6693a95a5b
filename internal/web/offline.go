package web

import (
	"encoding/json"
	"net/http"

	"liandong/internal/door"
	"liandong/internal/hotline"
	"liandong/internal/leg"
	"liandong/internal/message"
	"liandong/internal/store"
)

// keptVerbs are what somebody of a unit may do without a line: it is written
// down on the phone, encrypted, and goes when the line is back.
func keptVerbs() []leg.Verb { return []leg.Verb{leg.Accept, leg.Progress, leg.Feedback, leg.Return} }

// OfflinePage is what a unit's phone shows while there is no line. It holds
// nothing of anybody: the phone fills in what it keeps itself.
type OfflinePage struct {
	Page
	Forms []VerbForm // of no leg in particular
}

// KeepHours is how long a phone keeps what was written, in hours.
func (p Page) KeepHours() float64 { return p.keep.Hours() }

// offlinePage is asked for by the service worker, which keeps it.
func (s *site) offlinePage(q *request) error {
	q.actor, q.who = hotline.Actor{}, store.Person{}
	p := s.page(q, "web.offline.title")
	p.Shell, p.keep, p.Here = true, s.cfg.KeepOffline, "/inbox"
	w := s.pages[q.lang].words
	data := OfflinePage{Page: p}
	for _, v := range keptVerbs() {
		f := VerbForm{Form: Form{Action: "/legs/LEG/" + string(v), Back: "/inbox"}, Verb: v, Label: w.Word("verb", v)}
		switch v {
		case leg.Progress:
			f.Note, f.Files = 1, "/cases/CASE/attachments"
		case leg.Feedback:
			f.Result, f.Files = true, "/cases/CASE/attachments"
		case leg.Return:
			f.Grounds, f.Note, f.Sure = leg.Grounds(), 1, true
		}
		data.Forms = append(data.Forms, f)
	}
	return s.show(q, "offline", data)
}

// offlineWorker serves the service worker: it must stand above all pages that
// it is to answer for.
func (s *site) offlineWorker(q *request) error {
	set, err := loadedAssets()
	if err != nil {
		return err
	}
	file := set.files["own/worker.js"]
	h := q.w.Header()
	h.Set("Content-Type", file.contentType)
	h.Set("Cache-Control", "no-cache")
	_, _ = q.w.Write(file.plain) // the browser that went away needs no answer
	return nil
}

// wantsJSON says that a script sends a form by itself and reads the answer.
func (q *request) wantsJSON() bool { return q.Header.Get("Accept") == "application/json" }

// Told is the answer to a script that sent a form.
type Told struct {
	To       string `json:"to,omitempty"`      // where the page would go on to
	Version  int64  `json:"version,omitempty"` // of the leg now
	Code     string `json:"code,omitempty"`    // of a refusal
	Sentence string `json:"sentence,omitempty"`
}

func (q *request) tell(status int, t Told) error {
	doc, err := json.Marshal(t)
	if err != nil {
		return err
	}
	q.w.Header().Set("Content-Type", "application/json")
	q.w.WriteHeader(status)
	_, _ = q.w.Write(doc) // the browser that went away needs no answer
	return nil
}

// tellRefusal tells a script why its form was refused.
func (q *request) tellRefusal(err error) {
	t := Told{Code: hotline.CodeOf(err), Sentence: message.Error(q.lang, err)}
	status := door.Status(err)
	if t.Code == "session_expired" {
		status, t.To = http.StatusUnauthorized, "/sign-in"
	}
	_ = q.tell(status, t) // a struct of texts can always be written
}

// mayKeep says that a page may keep what is written on the machine: only for
// those who work in a unit.
func mayKeep(a hotline.Actor) bool { return a.Has(hotline.WorkLegs) && !a.AtDesk() }
