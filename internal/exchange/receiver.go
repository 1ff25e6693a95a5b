package exchange

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"strconv"

	"liandong/internal/desk"
	"liandong/internal/exchange/carrier"
	"liandong/internal/exchange/https"
	"liandong/internal/hotline"
	"liandong/internal/leg"
	"liandong/internal/letter"
	"liandong/internal/seal"
	"liandong/internal/store"
)

// Exchange is a node's side of all its links: it takes letters, sends letters
// and compares.
type Exchange struct {
	desk    *desk.Desk
	read    *store.Reader
	letters *store.Bell
	keys    seal.KeyService
	log     *slog.Logger

	carriers carriers
}

// New puts the exchange of a node together.
func New(d *desk.Desk, st *store.Store, keys seal.KeyService, log *slog.Logger) *Exchange {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return &Exchange{desk: d, read: st.Reader(), letters: st.Letters(), keys: keys, log: log}
}

// Handler serves the calls that peers make.
func (x *Exchange) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST "+https.LettersPath, x.serveLetter)
	mux.HandleFunc("POST "+https.FetchPath, x.serveFetch)
	return mux
}

// serveLetter takes one letter. It is stored, checked and applied before it is
// answered: 200 with a signed receipt or error, 204 where a letter has no
// answer, 401 where it is not authentic, 503 where the sender shall try again.
func (x *Exchange) serveLetter(w http.ResponseWriter, r *http.Request) {
	w.Header().Set(https.AtOnceHeader, strconv.Itoa(https.AtOnce))
	if kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); kind == https.ManyType {
		x.serveLetters(w, r)
		return
	}
	wire, err := io.ReadAll(http.MaxBytesReader(w, r.Body, letter.MaxLetter+1))
	if err != nil && !isTooLarge(err) {
		http.Error(w, "the letter did not come whole", http.StatusBadRequest)
		return
	}
	answer, err := x.Receive(r.Context(), wire)
	var foreign *notAuthentic
	switch {
	case errors.As(err, &foreign):
		http.Error(w, err.Error(), http.StatusUnauthorized)
	case err != nil:
		x.log.Error("letter not taken", "err", err)
		w.Header().Set("Retry-After", "2")
		http.Error(w, "try again later", http.StatusServiceUnavailable)
	case answer == nil:
		w.WriteHeader(http.StatusNoContent)
	default:
		w.Header().Set("Content-Type", "application/json")
		w.Write(answer)
	}
}

// serveLetters takes several letters, one a line, and answers each with a line:
// what serveLetter would have answered.
func (x *Exchange) serveLetters(w http.ResponseWriter, r *http.Request) {
	doc, err := io.ReadAll(http.MaxBytesReader(w, r.Body, https.ManySize))
	switch {
	case isTooLarge(err):
		http.Error(w, fmt.Sprintf("more than %d bytes", https.ManySize), http.StatusRequestEntityTooLarge)
		return
	case err != nil:
		http.Error(w, "the letters did not come whole", http.StatusBadRequest)
		return
	}
	var in []carrier.Parcel
	for wire := range bytes.SplitSeq(bytes.TrimRight(doc, "\n"), []byte{'\n'}) {
		in = append(in, carrier.Parcel{Wire: wire})
	}
	if len(in) > https.AtOnce {
		http.Error(w, fmt.Sprintf("more than %d letters", https.AtOnce), http.StatusRequestEntityTooLarge)
		return
	}
	w.Header().Set("Content-Type", https.ManyType)
	out := json.NewEncoder(w)
	out.SetEscapeHTML(false) // an answer goes as it was signed
	for _, t := range x.take(r.Context(), in) {
		l := https.Line{Status: http.StatusOK, Answer: t.Answer}
		switch {
		case t.Again != nil, t.Poison == poisonPanic:
			x.log.Error("letter not taken", "err", t.Again)
			l.Status, l.Detail = http.StatusServiceUnavailable, "try again later"
		case t.Poison != "":
			l.Status, l.Detail = http.StatusUnauthorized, "not authentic: "+t.Poison
		case t.Answer == nil:
			l.Status = http.StatusNoContent
		}
		if err := out.Encode(l); err != nil {
			return // the caller has gone; what was taken is answered again
		}
	}
}

// notAuthentic says that a document is not signed by the peer it names.
type notAuthentic struct{ code string }

func (e *notAuthentic) Error() string { return "not authentic: " + e.code }

// Receive takes one letter as it stands on the wire. It is stored, checked and
// applied before there is an answer: a signed receipt or error; nil where a
// letter has none. A *notAuthentic will never be taken; after any other error
// nothing was kept and the same letter shall be brought again.
func (x *Exchange) Receive(ctx context.Context, wire []byte) (answer []byte, err error) {
	defer recovered(&err)
	e, err := letter.Parse(wire)
	if err != nil {
		return x.broken(ctx, wire, err)
	}
	link, keys, err := x.peer(ctx, e.From)
	if err == nil {
		err = e.Verify(keys)
	}
	if err != nil {
		return nil, x.stranger(ctx, wire, err)
	}
	reply, err := x.open(ctx, link, e)
	switch {
	case hotline.KindOf(err) == hotline.Invalid && err != nil: // authentic, and wrong
		return x.broken(ctx, wire, err)
	case err != nil:
		return nil, fmt.Errorf("letter %s of %s: %w", e.ID, link.Peer, err)
	case reply.ID == "":
		return nil, nil
	}
	return x.sign(link, reply)
}

func isTooLarge(err error) bool {
	_, ok := errors.AsType[*http.MaxBytesError](err)
	return ok
}

// peer finds the link and the keys of the platform that a letter names.
func (x *Exchange) peer(ctx context.Context, from string) (store.Link, seal.PublicKeys, error) {
	link, err := x.desk.Link(ctx, from)
	if err != nil {
		return link, seal.PublicKeys{}, err
	}
	if !link.Active {
		return link, seal.PublicKeys{}, hotline.Errorf(hotline.Denied, "link_stopped", "link", from)
	}
	keys, err := seal.ParsePublicKeys([]byte(link.Keys))
	return link, keys, err
}

// open opens an authentic letter and hands it to the desk.
func (x *Exchange) open(ctx context.Context, link store.Link, e letter.Envelope) (leg.Letter, error) {
	in, err := x.incoming(ctx, link, e)
	if err != nil {
		return leg.Letter{}, err
	}
	if err := x.desk.Heard(ctx, link); err != nil {
		return leg.Letter{}, err
	}
	if e.Type == leg.TypeReconcile {
		return x.reconciled(ctx, link, e.Letter)
	}
	return x.desk.Receive(ctx, link, in)
}

// incoming is an authentic letter as the desk takes it.
func (x *Exchange) incoming(ctx context.Context, link store.Link, e letter.Envelope) (desk.Incoming, error) {
	if e.To != x.desk.Node().Platform || e.Link != link.ID {
		return desk.Incoming{}, hotline.Errorf(hotline.Invalid, "letter_address", "/to", e.To)
	}
	private, _, err := letter.Open(x.keys, e)
	if err != nil && !x.again(ctx, e) {
		return desk.Incoming{}, err
	}
	in := desk.Incoming{Letter: e.Letter, Private: private, Extra: string(e.Extra()), Content: string(e.Content()), Hash: e.Hash()}
	if e.Sealed != nil {
		doc, err := json.Marshal(e.Sealed)
		if err != nil {
			return in, err
		}
		in.Sealed = string(doc)
	}
	sig, err := json.Marshal(e.Sig)
	in.Signature = string(sig)
	return in, err
}

// receiveRun takes letters each of which follows the one before, in one
// transaction. ok is false where it cannot be: nothing was kept then, and each
// is to be received by itself.
func (x *Exchange) receiveRun(ctx context.Context, wires [][]byte) (answers [][]byte, ok bool) {
	defer func() {
		if p := recover(); p != nil { // which of them it was shows one by one
			ok = false
		}
	}()
	var link store.Link
	var run []desk.Incoming
	for _, wire := range wires {
		e, err := letter.Parse(wire)
		if err != nil {
			return nil, false
		}
		var keys seal.PublicKeys
		if link, keys, err = x.peer(ctx, e.From); err == nil {
			err = e.Verify(keys)
		}
		if err != nil || len(run) > 0 && !desk.Follows(e.Letter, run[len(run)-1].Letter) {
			return nil, false
		}
		in, err := x.incoming(ctx, link, e)
		if err != nil {
			return nil, false
		}
		run = append(run, in)
	}
	if err := x.desk.Heard(ctx, link); err != nil {
		return nil, false
	}
	replies, ok := x.desk.ReceiveRun(ctx, link, run)
	for i := 0; ok && i < len(replies); i++ {
		answer, err := x.sign(link, replies[i])
		if err != nil {
			return nil, false // they are there; each is answered again from what was kept
		}
		answers = append(answers, answer)
	}
	return answers, ok
}

// again says that this very letter was taken before. It may come once more
// without its sealed part, which its sender has erased since: it stays the same
// letter, and is receipted.
func (x *Exchange) again(ctx context.Context, e letter.Envelope) bool {
	if !e.Erased() {
		return false
	}
	known, err := x.read.LetterIn(ctx, e.ID)
	return err == nil && known.Peer == e.From && known.Hash == e.Hash()
}

// broken answers a letter that no node can take. Where it is authentic its
// sender gets one error; where it is not, nothing. A person sees it, and one
// that says urgent alarms.
func (x *Exchange) broken(ctx context.Context, wire []byte, why error) ([]byte, error) {
	id, typ, from, legID, urgent := letter.Peek(wire)
	link, keys, err := x.peer(ctx, from)
	if err == nil {
		err = letter.VerifyWire(wire, keys)
	}
	if err != nil {
		return nil, x.stranger(ctx, wire, err)
	}
	if err := x.refused(ctx, link.Peer, id, wire, urgent, why); err != nil {
		return nil, err
	}
	if typ == leg.TypeError || typ == leg.TypeReceipt || id == "" {
		return nil, nil // no error about an error
	}
	return x.sign(link, x.desk.Refusal(link, id, typ, legID, letter.HashOfWire(wire), why))
}

// stranger keeps note of what is not authentic, which is the error it returns.
func (x *Exchange) stranger(ctx context.Context, wire []byte, why error) error {
	id, _, from, _, urgent := letter.Peek(wire)
	if _, err := x.desk.Link(ctx, from); err != nil {
		from = "" // whoever it is, it is none of ours
	}
	if err := x.refused(ctx, from, id, wire, urgent, why); err != nil {
		return err
	}
	return &notAuthentic{hotline.CodeOf(why)}
}

func (x *Exchange) refused(ctx context.Context, peer, id string, wire []byte, urgent bool, why error) error {
	return x.desk.Refused(ctx, store.Refusal{Door: "letter", Peer: peer, Code: hotline.CodeOf(why), Detail: why.Error(),
		Letter: id, Raw: wire, Urgent: urgent})
}

// keysOf signs by the suite of a link, and by a key that the peer knows: a new
// one counts once its announcement is there.
func (x *Exchange) keysOf(link store.Link) seal.KeyService {
	if link.Suite == seal.SM2 {
		return seal.Suited(x.keys, link.Suite)
	}
	ours := x.keys.Public("", "")
	if k, held := ours.SigningKey(link.ToldKid); held && k.Until != nil && x.desk.Now().Before(*k.Until) {
		return seal.By(x.keys, link.ToldKid)
	}
	return x.keys
}

func (x *Exchange) sign(link store.Link, m leg.Letter) ([]byte, error) {
	content, _, err := letter.Content(m)
	if err != nil {
		return nil, err
	}
	return letter.Compose(content, nil, letter.Signer(x.keysOf(link)))
}
