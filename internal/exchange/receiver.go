package exchange

import (
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"

	"liandong/internal/desk"
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
	carrier *https.Carrier
	log     *slog.Logger
}

// New puts the exchange of a node together.
func New(d *desk.Desk, st *store.Store, keys seal.KeyService, log *slog.Logger) *Exchange {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return &Exchange{desk: d, read: st.Reader(), letters: st.Letters(), keys: keys, carrier: https.New(), log: log}
}

// Handler serves the two calls that peers make.
func (x *Exchange) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST "+https.LettersPath, x.serveLetter)
	mux.HandleFunc("POST "+https.DigestsPath, x.serveDigests)
	return mux
}

// serveLetter takes one letter. It is stored, checked and applied before it is
// answered: 200 with a signed receipt or error, 204 where a letter has no
// answer, 401 where it is not authentic, 503 where the sender shall try again.
func (x *Exchange) serveLetter(w http.ResponseWriter, r *http.Request) {
	wire, err := io.ReadAll(http.MaxBytesReader(w, r.Body, letter.MaxLetter+1))
	if err != nil && !isTooLarge(err) {
		http.Error(w, "the letter did not come whole", http.StatusBadRequest)
		return
	}
	e, err := letter.Parse(wire)
	if err != nil {
		x.broken(w, r, wire, err)
		return
	}
	link, keys, err := x.peer(r, e.From)
	if err == nil {
		err = e.Verify(keys)
	}
	if err != nil {
		x.stranger(w, r, wire, err)
		return
	}
	answer, err := x.take(r, link, e)
	switch {
	case hotline.KindOf(err) == hotline.Invalid: // authentic, and wrong
		x.broken(w, r, wire, err)
	case err != nil:
		x.log.Error("letter not taken", "peer", link.Peer, "letter", e.ID, "err", err)
		w.Header().Set("Retry-After", "2")
		http.Error(w, "try again later", http.StatusServiceUnavailable)
	case answer.ID == "":
		w.WriteHeader(http.StatusNoContent)
	default:
		x.answer(w, answer)
	}
}

func isTooLarge(err error) bool {
	_, ok := errors.AsType[*http.MaxBytesError](err)
	return ok
}

// peer finds the link and the keys of the platform that a letter names.
func (x *Exchange) peer(r *http.Request, from string) (store.Link, seal.PublicKeys, error) {
	link, err := x.desk.Link(r.Context(), from)
	if err != nil {
		return link, seal.PublicKeys{}, err
	}
	if !link.Active {
		return link, seal.PublicKeys{}, hotline.Errorf(hotline.Denied, "link_stopped", "link", from)
	}
	keys, err := seal.ParsePublicKeys([]byte(link.Keys))
	return link, keys, err
}

// take opens an authentic letter and hands it to the desk.
func (x *Exchange) take(r *http.Request, link store.Link, e letter.Envelope) (leg.Letter, error) {
	if e.To != x.desk.Node().Platform || e.Link != link.ID {
		return leg.Letter{}, hotline.Errorf(hotline.Invalid, "letter_address", "/to", e.To)
	}
	private, _, err := letter.Open(x.keys, e)
	if err != nil {
		return leg.Letter{}, err
	}
	in := desk.Incoming{Letter: e.Letter, Private: private, Extra: string(e.Extra()), Content: string(e.Content()), Hash: e.Hash()}
	if e.Sealed != nil {
		doc, err := json.Marshal(e.Sealed)
		if err != nil {
			return leg.Letter{}, err
		}
		in.Sealed = string(doc)
	}
	sig, err := json.Marshal(e.Sig)
	if err != nil {
		return leg.Letter{}, err
	}
	in.Signature = string(sig)
	if err := x.desk.Heard(r.Context(), link); err != nil {
		return leg.Letter{}, err
	}
	return x.desk.Receive(r.Context(), link, in)
}

// broken answers a letter that no node can take. Where it is authentic its
// sender gets one error; where it is not, nothing but 401. A person sees it, and
// one that says urgent alarms.
func (x *Exchange) broken(w http.ResponseWriter, r *http.Request, wire []byte, why error) {
	id, typ, from, legID, urgent := letter.Peek(wire)
	link, keys, err := x.peer(r, from)
	if err == nil {
		err = letter.VerifyWire(wire, keys)
	}
	if err != nil {
		x.stranger(w, r, wire, err)
		return
	}
	if err := x.refused(r, link.Peer, id, wire, urgent, why); err != nil {
		http.Error(w, "try again later", http.StatusServiceUnavailable)
		return
	}
	if typ == leg.TypeError || typ == leg.TypeReceipt || id == "" {
		w.WriteHeader(http.StatusNoContent) // no error about an error
		return
	}
	x.answer(w, x.desk.Refusal(link, id, legID, letter.HashOfWire(wire), why))
}

// stranger turns away what is not authentic, and keeps note of it.
func (x *Exchange) stranger(w http.ResponseWriter, r *http.Request, wire []byte, why error) {
	id, _, from, _, urgent := letter.Peek(wire)
	if _, err := x.desk.Link(r.Context(), from); err != nil {
		from = "" // whoever it is, it is none of ours
	}
	if err := x.refused(r, from, id, wire, urgent, why); err != nil {
		http.Error(w, "try again later", http.StatusServiceUnavailable)
		return
	}
	http.Error(w, "not authentic: "+hotline.CodeOf(why), http.StatusUnauthorized)
}

func (x *Exchange) refused(r *http.Request, peer, id string, wire []byte, urgent bool, why error) error {
	return x.desk.Refused(r.Context(), store.Refusal{Door: "letter", Peer: peer, Code: hotline.CodeOf(why), Detail: why.Error(),
		Letter: id, Raw: wire, Urgent: urgent})
}

// answer writes a signed letter.
func (x *Exchange) answer(w http.ResponseWriter, m leg.Letter) {
	wire, err := x.sign(m)
	if err != nil {
		x.log.Error("answer not written", "type", m.Type, "err", err)
		http.Error(w, "try again later", http.StatusServiceUnavailable)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Write(wire)
}

func (x *Exchange) sign(m leg.Letter) ([]byte, error) {
	content, _, err := letter.Content(m)
	if err != nil {
		return nil, err
	}
	return letter.Compose(content, nil, letter.Signer(x.keys))
}
