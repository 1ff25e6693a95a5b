package exchange

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"time"

	"liandong/internal/exchange/carrier"
	"liandong/internal/exchange/https"
	"liandong/internal/store"
)

// A peer that fetches gets so much at once, and a letter again when its receipt
// has not come after a while.
const (
	fetchMost     = 100     // letters
	fetchSize     = 2 << 20 // bytes
	fetchPatience = 30 * time.Second
)

// serveFetch gives a peer that cannot be called the letters that wait for it.
// They stay in the ledger until their receipts are posted.
func (x *Exchange) serveFetch(w http.ResponseWriter, r *http.Request) {
	doc, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 4096))
	var q https.Fetch
	if err != nil || json.Unmarshal(doc, &q) != nil {
		http.Error(w, "not a question", http.StatusBadRequest)
		return
	}
	link, keys, err := x.peer(r.Context(), q.From)
	now := x.desk.Now()
	if err == nil {
		err = verifyDoc(link, doc, r.Header.Get(https.SignatureHeader), now)
	}
	var c carrier.Carrier
	if err == nil {
		c, err = x.carrierOf(link)
	}
	if err != nil || q.To != x.desk.Node().Platform || now.Sub(q.At).Abs() > questionAge || !c.Traits().Passive {
		x.log.Warn("letters not given", "peer", q.From, "err", err)
		http.Error(w, "not authentic, or not a link that is fetched", http.StatusUnauthorized)
		return
	}
	doc, err = x.parcels(r.Context(), shipment{link: link, keys: keys, carrier: c, traits: carrier.Traits{Patience: fetchPatience}})
	var sig string
	if err == nil {
		sig, err = x.signDoc(link, doc)
	}
	if err != nil {
		x.log.Error("letters not given", "peer", q.From, "err", err)
		http.Error(w, "try again later", http.StatusServiceUnavailable)
		return
	}
	w.Header().Set(https.SignatureHeader, sig)
	w.Header().Set("Content-Type", "application/json")
	w.Write(doc)
}

// parcels writes the letters that are due for a peer that fetches.
func (x *Exchange) parcels(ctx context.Context, s shipment) ([]byte, error) {
	if err := x.desk.Heard(ctx, s.link); err != nil {
		return nil, err
	}
	due, err := x.read.Due(ctx, s.link.Peer, x.desk.Now(), false, fetchMost, partsOnWire)
	if err != nil {
		return nil, err
	}
	reply := https.Fetched{To: s.link.Peer, Letters: []json.RawMessage{}}
	var given []store.LetterOut
	size := 0
	for _, out := range due {
		wire, ready, err := x.prepare(ctx, s, out)
		if err != nil {
			return nil, err
		}
		if !ready {
			continue
		}
		if size += len(wire); size > fetchSize && len(given) > 0 {
			break
		}
		given, reply.Letters = append(given, out), append(reply.Letters, wire)
	}
	if len(given) > 0 {
		if err := x.handed(ctx, s, given); err != nil {
			return nil, err
		}
	}
	return json.Marshal(reply)
}
