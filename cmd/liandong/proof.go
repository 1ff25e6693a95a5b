package main

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"liandong/internal/message"
	"liandong/internal/node"
	"liandong/internal/proof"
	"liandong/internal/seal"
)

func newExport() *cobra.Command {
	var base, token, id, out string
	var ask node.ExportAsk
	cmd := &cobra.Command{
		Use: "export", Short: "Write one case with its events, letters and proofs to a file", Args: noArgs,
		Long: `Asks a running node for a case with everything that proves it: events with their places in the log, letters both ways with
signatures, the signed head and the public keys. liandong verify checks the file, without a node and without a network.

Personal data stays sealed, unless --reason is given and the token may see it; that view is an event of the case.`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if id == "" || out == "" {
				return usagef("what is exported, and where to? --case ID --out FILE")
			}
			c, err := newClient(base, token, 1)
			if err != nil {
				return err
			}
			body, err := c.stream(cmd.Context(), http.MethodPost, "/api/v1/cases/"+url.PathEscape(id)+"/export", ask)
			if err != nil {
				return err
			}
			defer body.Close()
			return writeNew(out, body)
		},
	}
	cmd.Flags().StringVar(&base, "node", "", "address `URL` of the node")
	cmd.Flags().StringVar(&token, "token", "", "`TOKEN` with the scope proof.export")
	cmd.Flags().StringVar(&id, "case", "", "`ID` of the case")
	cmd.Flags().StringVar(&out, "out", "", "`FILE` to write")
	cmd.Flags().StringVar(&ask.Reason, "reason", "", "why personal data is needed in the clear: `TEXT`")
	return cmd
}

// writeNew writes a file that appears only when it is whole; it may hold
// personal data, so it is for its owner alone.
func writeNew(path string, from io.Reader) error {
	part := path + ".part"
	f, err := os.OpenFile(part, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, from)
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err == nil {
		err = os.Rename(part, path)
	}
	if err != nil {
		os.Remove(part) // what went wrong is said already
	}
	return err
}

func newVerify() *cobra.Command {
	var token string
	var keyFiles []string
	var rootFile string
	var inJSON bool
	cmd := &cobra.Command{
		Use: "verify PATH|URL", Short: "Check an exported case, a log, or the log of a running node",
		Long: `Checks a file that liandong export wrote, or a whole log (GET /api/v1/log), without a node and without a network; or, given an
address and --token, the log of a running node against its signed heads. Names every record and letter that was changed.

--key FILE gives the key document of a platform, as it was compared over the phone. Without it the file speaks with its own keys: it is then
shown to be whole, but not by whom. --stamp-ca FILE does the same for the authority of time-stamps.

Exit status 0: everything fits. 1: something was changed, or could not be read. 2: wrong usage.`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usagef("what is to be verified? One file, or the address of a node")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			keys, err := pinned(keyFiles)
			if err != nil {
				return err
			}
			roots, err := stampRoots(rootFile)
			if err != nil {
				return err
			}
			from, err := openProof(cmd.Context(), args[0], token)
			if err != nil {
				return err
			}
			defer from.Close()
			r, err := proof.Verify(from, proof.Options{Keys: keys, Roots: roots})
			if err != nil {
				return err
			}
			if inJSON {
				err = printJSON(cmd.OutOrStdout(), r)
			} else {
				printReport(cmd.OutOrStdout(), args[0], r)
			}
			if err == nil && !r.OK {
				return errFailed
			}
			return err
		},
	}
	cmd.Flags().StringVar(&token, "token", "", "`TOKEN` with the scope proof.export, for a running node")
	cmd.Flags().StringArrayVar(&keyFiles, "key", nil, "key document `FILE` of a platform that you trust; again for another")
	cmd.Flags().StringVar(&rootFile, "stamp-ca", "", "PEM `FILE` with the roots of time-stamp authorities that you trust")
	asJSON(cmd, &inJSON)
	return cmd
}

// stampRoots reads the roots of time-stamp authorities; nil without a file.
func stampRoots(path string) (*x509.CertPool, error) {
	if path == "" {
		return nil, nil
	}
	doc, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(doc) {
		return nil, fmt.Errorf("no certificate in %s", path)
	}
	return roots, nil
}

// pinned reads key documents: as a node hands them out, or as liandong link
// keys prints them.
func pinned(files []string) (map[string]seal.PublicKeys, error) {
	keys := map[string]seal.PublicKeys{}
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			return nil, err
		}
		var info node.KeysInfo
		if json.Unmarshal(b, &info) == nil && info.Keys.Format != "" {
			b = info.Keys.Bytes()
		}
		k, err := seal.ParsePublicKeys(b)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", f, err)
		}
		keys[k.Platform] = k
	}
	return keys, nil
}

// openProof opens a file, or the log of a node.
func openProof(ctx context.Context, at, token string) (io.ReadCloser, error) {
	if !strings.HasPrefix(at, "http://") && !strings.HasPrefix(at, "https://") {
		return os.Open(at)
	}
	c, err := newClient(at, token, 1)
	if err != nil {
		return nil, err
	}
	return c.stream(ctx, http.MethodGet, "/api/v1/log", nil)
}

// stream makes a call whose answer is read as it comes.
func (c *client) stream(ctx context.Context, method, path string, in any) (io.ReadCloser, error) {
	var body io.Reader
	if in != nil {
		doc, err := json.Marshal(in)
		if err != nil {
			return nil, err
		}
		body = bytes.NewReader(doc)
	}
	req, err := http.NewRequestWithContext(ctx, method, c.base+path, body)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", "Bearer "+c.token)
	if in != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	patient := &http.Client{Transport: c.http.Transport} // a log takes what it takes; Ctrl+C ends it
	res, err := patient.Do(req)
	if err != nil {
		return nil, err
	}
	if res.StatusCode == http.StatusOK {
		return res.Body, nil
	}
	defer res.Body.Close()
	doc, err := io.ReadAll(io.LimitReader(res.Body, answerMost))
	if err != nil {
		return nil, err
	}
	p := &problem{}
	if json.Unmarshal(doc, p) != nil || p.Detail == "" {
		p.Detail = fmt.Sprintf("%s %s: %.200s", method, path, strings.TrimSpace(string(doc)))
	}
	p.Status = res.StatusCode
	return nil, p
}

// printReport says for a person what came of it.
func printReport(w io.Writer, what string, r proof.Report) {
	for _, f := range r.Faults {
		fmt.Fprintln(w, faultLine(f))
	}
	if r.More > 0 {
		fmt.Fprintf(w, "… and %d more\n", r.More)
	}
	of := "log"
	if r.Case != "" {
		of = "case " + r.Case
	}
	fmt.Fprintf(w, "%s: %s of %s: %d events, %d letters", what, of, r.Platform, r.Events, r.Letters)
	if r.Heads > 0 {
		fmt.Fprintf(w, ", head over %d of %s, epoch %d", r.Size, r.HeadAt.Format(time.RFC3339), r.Epoch)
	}
	fmt.Fprintln(w)
	for _, s := range r.Stamps {
		trust := ", an authority that nobody vouches for (--stamp-ca)"
		if s.Trusted {
			trust = ""
		}
		fmt.Fprintf(w, "The log up to %d existed at %s, says %s%s\n", s.Size, s.At.Format(time.RFC3339), s.Authority, trust)
	}
	if r.Unindexed > 0 {
		fmt.Fprintf(w, "%d not yet in the tree: nothing proves them yet\n", r.Unindexed)
	}
	if r.Erased > 0 {
		fmt.Fprintf(w, "%d personal texts are gone; what they were committed to is proved\n", r.Erased)
	}
	if !r.Pinned && r.Fingerprint != "" {
		fmt.Fprintf(w, "The key is the file's own (%s). To know whose it is, compare that with the platform by phone, or give --key FILE.\n", r.Fingerprint)
	}
	if r.OK {
		fmt.Fprintln(w, "OK")
		return
	}
	fmt.Fprintf(w, "NOT AS IT WAS: %d faults\n", len(r.Faults)+r.More)
}

// faultLine names what was changed, and says how.
func faultLine(f proof.Fault) string {
	s := ""
	if f.Record != "" {
		s += "event " + f.Record + " "
	}
	if f.Letter != "" {
		s += "letter " + f.Letter + " "
	}
	if f.Index != nil {
		s += fmt.Sprintf("at %d ", *f.Index)
	}
	if s == "" {
		s = fmt.Sprintf("line %d ", f.Line)
	}
	return strings.TrimSpace(s) + ": " + strings.TrimSpace(message.Text(message.English, "proof."+f.Code, f.Detail)) + " (" + f.Code + ")"
}
