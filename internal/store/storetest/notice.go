package storetest

import (
	"testing"
	"time"

	"liandong/internal/hotline"
	"liandong/internal/store"
)

func addNotice(t *testing.T, st *store.Store, n store.Notice) {
	t.Helper()
	write(t, st, func(tx *store.Tx) error { return tx.AddNotice(t.Context(), n) })
}

// A notice stands on the screens of its circle alone, and each person has seen
// what they have seen.
func notices(t *testing.T, st *store.Store) {
	ctx, r := t.Context(), st.Reader()
	c := addCase(t, st).ID
	at := func(n int) time.Time { return start.Add(time.Duration(n) * time.Minute) }
	notice := func(seed int, unit, region string) store.Notice {
		var n store.Notice
		fill(&n, seed)
		n.ID, n.CaseID, n.Unit, n.Region, n.MadeAt, n.Done = hotline.NewID(), c, unit, region, at(seed), false
		addNotice(t, st, n)
		return n
	}
	a, b, desk, far := notice(1, "u1", "540102"), notice(2, "u1", "540102"), notice(3, "", "540102"), notice(4, "", "540200")
	unit, all, region := store.Sight{Unit: "u1", Regions: []string{"none"}}, store.Sight{}, store.Sight{Regions: []string{"540102"}}
	list := func(what string, see store.Sight, before time.Time, limit int, wanted ...store.Notice) {
		t.Helper()
		got, err := r.Notices(ctx, see, before, limit)
		want(t, what, got, err, wanted)
	}
	list("of a unit, the newest first", unit, time.Time{}, 10, b, a)
	list("before a moment", unit, at(2), 10, a)
	list("the newest", unit, time.Time{}, 1, b)
	list("of the desk", all, time.Time{}, 10, far, desk)
	list("of the desk in a region", region, time.Time{}, 10, desk)

	p := newPerson("p")
	addPerson(t, st, p)
	count := func(what string, limit, wanted int) {
		t.Helper()
		got, err := r.UnreadNotices(ctx, all, p.ID, limit)
		want(t, what, got, err, wanted)
	}
	count("before anything was seen", 10, 2)
	count("up to a limit", 1, 1)
	write(t, st, func(tx *store.Tx) error { return tx.SeeNotices(ctx, p.ID, at(3)) })
	count("after the first", 10, 1)
	write(t, st, func(tx *store.Tx) error { return tx.SeeNotices(ctx, p.ID, at(4)) })
	count("after all", 10, 0)
}

func recipient(name, unit, channel string) (p store.NoticeRecipient) {
	fill(&p, len(name)+len(unit))
	p.ID, p.Name, p.Unit, p.Channel, p.State = hotline.NewID(), name, unit, channel, store.RecipientActive
	return p
}

func noticeRecipients(t *testing.T, st *store.Store) {
	ctx, r := t.Context(), st.Reader()
	a, b, desk := recipient("a", "u1", "mail"), recipient("bb", "u1", "sms"), recipient("d", "", "webhook")
	desk.ToldAt = time.Time{}
	for _, p := range []store.NoticeRecipient{b, a, desk} {
		write(t, st, func(tx *store.Tx) error { return tx.AddNoticeRecipient(ctx, p) })
	}
	got, err := r.NoticeRecipients(ctx)
	want(t, "all", got, err, []store.NoticeRecipient{desk, a, b})
	write(t, st, func(tx *store.Tx) error { return tx.SetNoticeRecipient(ctx, a.ID, store.RecipientStopped) })
	a.State = store.RecipientStopped
	got, err = r.RecipientsOf(ctx, "u1")
	want(t, "that are active", got, err, []store.NoticeRecipient{b})
	write(t, st, func(tx *store.Tx) error { return tx.RemoveNoticeRecipient(ctx, b.ID) })
	b.State, b.WrappedKey, b.Address = store.RecipientRemoved, nil, nil
	one, err := r.NoticeRecipient(ctx, b.ID)
	want(t, "a removed one", one, err, b)
	got, err = r.NoticeRecipients(ctx)
	want(t, "without the removed one", got, err, []store.NoticeRecipient{desk, a})
	for what, f := range map[string]func(tx *store.Tx) error{
		"remove twice":    func(tx *store.Tx) error { return tx.RemoveNoticeRecipient(ctx, b.ID) },
		"start a removed": func(tx *store.Tx) error { return tx.SetNoticeRecipient(ctx, b.ID, store.RecipientActive) },
	} {
		if err := st.Write(ctx, f); hotline.CodeOf(err) != "stale" {
			t.Errorf("%s: got %v, want stale", what, err)
		}
	}
	write(t, st, func(tx *store.Tx) error { return tx.ToldRecipient(ctx, a.ID, start) })
	a.ToldAt = start
	one, err = r.NoticeRecipient(ctx, a.ID)
	want(t, "told", one, err, a)
}

// A message gathers as long as it waits, is moved by one, and what waits joins
// one that has to wait again.
func noticeMessages(t *testing.T, st *store.Store) {
	ctx, r := t.Context(), st.Reader()
	c := addCase(t, st).ID
	p, other := recipient("a", "u1", "mail"), recipient("b", "u1", "sms")
	for _, x := range []store.NoticeRecipient{p, other} {
		write(t, st, func(tx *store.Tx) error { return tx.AddNoticeRecipient(ctx, x) })
	}
	var ns []store.Notice
	for i := range 5 {
		n := store.Notice{ID: hotline.NewID(), CaseID: c, Unit: "u1", Rung: "near", DueAt: start, MadeAt: start.Add(time.Duration(i) * time.Second)}
		addNotice(t, st, n)
		ns = append(ns, n)
	}
	message := func(to string, urgent bool) store.NoticeMessage {
		return store.NoticeMessage{ID: hotline.NewID(), RecipientID: to, Urgent: urgent, State: store.NoticeWaiting, MadeAt: start, NextAt: start.Add(time.Minute)}
	}
	gather := func(m store.NoticeMessage, n store.Notice) {
		t.Helper()
		write(t, st, func(tx *store.Tx) error { return tx.GatherNotice(ctx, m, n.ID) })
	}
	first := message(p.ID, false)
	gather(first, ns[0])
	gather(message(p.ID, false), ns[1])
	urgent := message(p.ID, true)
	gather(urgent, ns[2])
	sms := message(other.ID, false)
	gather(sms, ns[0])
	got, err := r.NoticesOf(ctx, first.ID, urgent.ID, sms.ID)
	want(t, "what they tell", got, err, map[string][]store.Notice{first.ID: {ns[0], ns[1]}, urgent.ID: {ns[2]}, sms.ID: {ns[0]}})
	got, err = r.NoticesOf(ctx)
	want(t, "of none", got, err, map[string][]store.Notice{})
	due, err := r.DueNotices(ctx, "mail", start.Add(time.Minute), 10)
	want(t, "due by mail, the urgent first", due, err, []store.NoticeMessage{urgent, first})
	due, err = r.DueNotices(ctx, "mail", start.Add(time.Minute-1), 10)
	want(t, "due before", due, err, nil)
	due, err = r.DueNotices(ctx, "sms", start.Add(time.Minute), 10)
	want(t, "due by SMS", due, err, []store.NoticeMessage{sms})

	move := func(was, m store.NoticeMessage) (done bool) {
		t.Helper()
		write(t, st, func(tx *store.Tx) (err error) { done, err = tx.MoveNoticeMessage(ctx, was, m); return err })
		return done
	}
	sending := first
	sending.State, sending.Attempts, sending.NextAt, sending.LastError = store.NoticeSending, 1, start.Add(time.Hour), "no answer"
	if !move(first, sending) || move(first, sending) {
		t.Error("a message is moved once")
	}
	one, err := r.NoticeMessage(ctx, first.ID)
	want(t, "moved", one, err, sending)
	gather(message(p.ID, false), ns[3]) // a message of its own
	again := sending
	again.State = store.NoticeWaiting
	write(t, st, func(tx *store.Tx) error {
		if err := tx.JoinNoticeMessages(ctx, sending); err != nil {
			return err
		}
		_, err := tx.MoveNoticeMessage(ctx, sending, again)
		return err
	})
	got, err = r.NoticesOf(ctx, first.ID)
	want(t, "together", got, err, map[string][]store.Notice{first.ID: {ns[0], ns[1], ns[3]}})
	write(t, st, func(tx *store.Tx) error {
		hurried, err := tx.HurryNotices(ctx, p.ID, start)
		if !hurried {
			t.Error("nothing was hurried")
		}
		return err
	})
	again.NextAt, urgent.NextAt = start, start
	one, err = r.NoticeMessage(ctx, first.ID)
	want(t, "hurried", one, err, again)
	empty := message(other.ID, true)
	if err := st.Write(ctx, func(tx *store.Tx) error { return tx.AddNoticeMessage(ctx, empty) }); err != nil {
		t.Fatal(err)
	}
	empty2 := message(other.ID, true)
	if err := st.Write(ctx, func(tx *store.Tx) error { return tx.AddNoticeMessage(ctx, empty2) }); !store.IsDuplicate(err) {
		t.Errorf("a second that waits: got %v, want a duplicate", err)
	}

	unsure := sms
	unsure.State, unsure.NextAt, unsure.SentAt = store.NoticeUnsure, time.Time{}, start
	move(sms, unsure)
	gone := empty
	gone.State, gone.NextAt = store.NoticeSent, time.Time{}
	move(empty, gone)
	counts, err := r.CountNotices(ctx)
	want(t, "counts", counts, err, map[string]store.NoticeCounts{"mail": {Waiting: 2, Failing: 1, Oldest: start}, "sms": {Unsure: 1}})
	log, err := r.NoticeLog(ctx, "", false, 10)
	want(t, "log", log, err, []store.LoggedNotice{{NoticeMessage: gone, To: other}, {NoticeMessage: unsure, To: other}, {NoticeMessage: urgent, To: p}, {NoticeMessage: again, To: p}})
	log, err = r.NoticeLog(ctx, "", true, 1)
	want(t, "log of what did not go", log, err, []store.LoggedNotice{{NoticeMessage: unsure, To: other}})
	log, err = r.NoticeLog(ctx, urgent.ID, false, 10)
	want(t, "log before", log, err, []store.LoggedNotice{{NoticeMessage: again, To: p}})
}
