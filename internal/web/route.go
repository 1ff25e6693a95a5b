package web

import (
	"liandong/internal/hotline"
	"liandong/internal/leg"
)

// route is one thing that the pages can do, and who may.
type route struct {
	pattern string
	right   hotline.Right // "" everybody who is signed in
	open    bool          // nobody need be signed in
	often   bool          // asked by pages themselves, again and again: no line in the log
	upload  int64         // bytes that a file in the form may have; 0: there is none
	handle  func(*request) error
	// form shows the page again that a refused POST came from, with the
	// sentence in it; nil: a page of its own says what happened.
	form func(*request) error
}

// routes is the whole list of what the pages do. The right stands beside each;
// desk asks for it again with the object in hand.
func (s *site) routes() []route {
	rs := []route{
		{pattern: "GET /{$}", handle: s.home},
		{pattern: "GET /sign-in", open: true, handle: s.signInPage},
		{pattern: "POST /sign-in", open: true, handle: s.signIn, form: s.signInPage},
		{pattern: "POST /sign-out", open: true, handle: s.signOut},
		{pattern: "POST /lock", handle: s.lock},
		{pattern: "GET /unlock", open: true, handle: s.unlockPage},
		{pattern: "POST /unlock", open: true, handle: s.unlock, form: s.unlockPage},
		{pattern: "POST /pin", right: hotline.WorkLegs, handle: s.setPIN, form: s.inboxPage},
		{pattern: "GET /offline", open: true, often: true, handle: s.offlinePage},
		{pattern: "GET /offline-worker.js", open: true, often: true, handle: s.offlineWorker},
		{pattern: "POST /language", open: true, handle: s.chooseLanguage},

		{pattern: "GET /desk", right: hotline.TakeCases, handle: s.seatPage},
		{pattern: "POST /desk", right: hotline.TakeCases, upload: uploadMost, handle: s.intake, form: s.seatPage},
		{pattern: "POST /desk/triage", often: true, right: hotline.TakeCases, upload: uploadMost, handle: s.triage, form: s.seatPage},
		{pattern: "POST /desk/opinion", often: true, right: hotline.TakeCases, upload: bodyMost, handle: s.opinion},
		{pattern: "GET /desk/files", often: true, right: hotline.TakeCases, handle: s.showSeatFiles},
		{pattern: "POST /desk/files", right: hotline.TakeCases, upload: uploadMost, handle: s.putSeatFiles, form: s.seatPage},
		{pattern: "POST /desk/files/drop", right: hotline.TakeCases, upload: uploadMost, handle: s.dropSeatFile, form: s.seatPage},
		{pattern: "GET /units", often: true, right: hotline.SeeCases, handle: s.unitOptions},

		{pattern: "GET /cases", right: hotline.SeeCases, handle: s.queuePage},
		{pattern: "POST /views", right: hotline.SeeCases, handle: s.saveView, form: s.queuePage},
		{pattern: "POST /views/{id}", right: hotline.SeeCases, handle: s.renameView, form: s.queuePage},
		{pattern: "POST /views/{id}/drop", right: hotline.SeeCases, handle: s.dropView, form: s.queuePage},
		{pattern: "GET /assign", right: hotline.DecideCases, handle: s.assignPage},
		{pattern: "POST /assign", right: hotline.DecideCases, handle: s.assign},
		{pattern: "POST /assign/undo", right: hotline.DecideCases, handle: s.undoAssign},
		{pattern: "GET /cases/{id}", right: hotline.SeeCases, handle: s.casePage},
		{pattern: "GET /cases/{id}/fresh", often: true, right: hotline.SeeCases, handle: s.fresh},
		{pattern: "GET /cases/{id}/clocks/{clock}", right: hotline.SeeCases, handle: s.accountPage},
		{pattern: "POST /cases/{id}/reveal", right: hotline.RevealPerson, handle: s.reveal, form: s.casePage},
		{pattern: "POST /cases/{id}/decide", right: hotline.DecideCases, handle: s.decide, form: s.casePage},
		{pattern: "POST /cases/{id}/legs", right: hotline.DecideCases, handle: s.sendLegs, form: s.casePage},
		{pattern: "POST /cases/{id}/dual", right: hotline.DecideCases, handle: s.dual, form: s.casePage},
		{pattern: "POST /cases/{id}/calls", right: hotline.TakeCases, handle: s.recordCall, form: s.casePage},
		{pattern: "POST /cases/{id}/dispatch", right: hotline.DecideCases, handle: s.recordDispatch, form: s.casePage},
		{pattern: "POST /cases/{id}/caller", right: hotline.TakeCases, handle: s.completeCaller, form: s.casePage},
		{pattern: "POST /cases/{id}/notes", right: hotline.TakeCases, handle: s.note, form: s.casePage},
		{pattern: "POST /cases/{id}/callback", right: hotline.DecideCases, handle: s.callback, form: s.casePage},
		{pattern: "POST /cases/{id}/erase", right: hotline.EraseCase, handle: s.erase, form: s.casePage},
		{pattern: "POST /cases/{id}/close", right: hotline.DecideCases, handle: s.closeCase, form: s.casePage},
		{pattern: "POST /cases/{id}/group", right: hotline.TakeCases, handle: s.group, form: s.casePage},
		{pattern: "POST /cases/{id}/ungroup", right: hotline.TakeCases, handle: s.ungroup, form: s.casePage},

		{pattern: "POST /cases/{id}/attachments", right: hotline.SeeCases, upload: uploadMost, handle: s.addFiles, form: s.filesForm},
		{pattern: "POST /cases/{id}/attachments/begin", right: hotline.SeeCases, handle: s.beginUpload},
		{pattern: "POST /cases/{id}/attachments/{file}", right: hotline.RevealPerson, handle: s.openFile, form: s.filesForm},
		{pattern: "POST /cases/{id}/attachments/{file}/parts/{part}", often: true, right: hotline.SeeCases, handle: s.putPart},

		{pattern: "GET /legs/{id}", right: hotline.SeeCases, handle: s.legPage},
		{pattern: "POST /legs/{id}/contact", right: hotline.WorkLegs, handle: s.contact, form: s.legPage},
		{pattern: "POST /legs/{id}/stop", right: hotline.AskLegs, handle: s.askStop, form: s.legForm},
		{pattern: "POST /legs/{id}/stop/grant", right: hotline.Supervise, handle: s.grantStop, form: s.legForm},
		{pattern: "POST /legs/{id}/adopt", right: hotline.DecideCases, handle: s.adopt, form: s.legForm},
		{pattern: "POST /legs/{id}/resolve", right: hotline.DecideCases, handle: s.resolve, form: s.legForm},
		{pattern: "POST /legs/{id}/repaired", right: hotline.MendLinks, handle: s.repaired, form: s.linksPage},

		{pattern: "GET /inbox", right: hotline.WorkLegs, handle: s.inboxPage},
		{pattern: "GET /overview", right: hotline.SeeOverview, handle: s.overviewPage},
		{pattern: "GET /figures", right: hotline.SeeOverview, handle: s.figuresPage},

		{pattern: "GET /shift", right: hotline.SeeOverview, handle: s.shiftPage},
		{pattern: "POST /shift", right: hotline.HandOver, handle: s.handOver, form: s.shiftPage},
		{pattern: "GET /shift/{id}", right: hotline.SeeOverview, handle: s.oneShift},
		{pattern: "POST /shift/{id}/take", right: hotline.HandOver, handle: s.takeShift, form: s.oneShift},
		{pattern: "GET /wall", right: hotline.SeeOverview, handle: s.wallPage},

		{pattern: "GET /links", right: hotline.SeeLinks, handle: s.linksPage},
		{pattern: "POST /links/letters/{id}/{how}", right: hotline.MendLinks, handle: s.mendLetter, form: s.linksPage},
		{pattern: "POST /links/{peer}/replay", right: hotline.MendLinks, handle: s.replay, form: s.linksPage},
		{pattern: "POST /links/{peer}/accept", right: hotline.MendLinks, handle: s.acceptHistory, form: s.linksPage},
		{pattern: "POST /links/refusals/{id}/seen", right: hotline.MendLinks, handle: s.seeRefusal, form: s.linksPage},

		{pattern: "GET /events", often: true, handle: s.events},
		{pattern: "GET /alert", often: true, right: hotline.SeeCases, handle: s.alert},
	}
	rs = append(rs, s.supervisionRoutes()...)
	rs = append(rs, s.assessmentRoutes()...)
	rs = append(rs, s.scoreRoutes()...)
	rs = append(rs, s.consultationRoutes()...)
	rs = append(rs, s.catalogueRoutes()...)
	rs = append(rs, s.modelRoutes()...)
	rs = append(rs, s.paperRoutes()...)
	rs = append(rs, s.noticeRoutes()...)
	for _, v := range verbs() {
		r := route{pattern: "POST /legs/{id}/" + string(v), right: verbRight(v), handle: s.act, form: s.legForm}
		if showsFiles(v) {
			r.upload = uploadMost
		}
		rs = append(rs, r)
	}
	return rs
}

// verbs are what a person does with a leg on a page. The others are a machine's
// (receive, void) or have a form of their own on the case (send, call,
// callback).
func verbs() []leg.Verb {
	return []leg.Verb{leg.Accept, leg.Return, leg.Progress, leg.Feedback, leg.Settle, leg.Reopen, leg.Grant, leg.Refuse,
		leg.Withdraw, leg.Extend, leg.Urge, leg.Supplement, leg.Contest, leg.Escalate}
}

// showsFiles: what a holder did is best shown by a photo, in the same action.
func showsFiles(v leg.Verb) bool { return v == leg.Progress || v == leg.Feedback }

// verbRight is the least that somebody needs to use a verb on either side.
func verbRight(v leg.Verb) hotline.Right {
	switch v {
	case leg.Accept, leg.Return, leg.Progress, leg.Feedback, leg.Escalate, leg.Grant, leg.Refuse:
		return hotline.WorkLegs
	case leg.Settle, leg.Reopen:
		return hotline.DecideCases
	}
	return hotline.AskLegs
}
