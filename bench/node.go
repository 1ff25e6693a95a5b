package main

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"liandong/internal/store"
)

// node is one platform, served by a process of its own.
type node struct {
	b        *bench
	platform string
	engine   string
	config   string // file
	data     string // directory
	dsn      string // what store.Open takes
	url      string
	token    string
	cmd      *exec.Cmd
	client   *http.Client
}

// newNode configures a platform with an empty database and a token. It is not
// served yet.
func (b *bench) newNode(ctx context.Context, engine, line string) (*node, error) {
	return b.newPlatform(ctx, engine, line, "540000")
}

// newPlatform is newNode for a platform of another region.
func (b *bench) newPlatform(ctx context.Context, engine, line, region string) (*node, error) {
	dir, err := os.MkdirTemp(b.dir, engine+"-"+line+".")
	if err != nil {
		return nil, err
	}
	address, err := freeAddress()
	if err != nil {
		return nil, err
	}
	n := &node{b: b, platform: region + "-" + line, engine: engine, config: filepath.Join(dir, "node.json"), data: filepath.Join(dir, "data"), url: "http://" + address}
	n.client = newClient(b.clients)
	c := map[string]string{"platform": region + "-" + line, "line": line, "name": "测试" + line, "region": region, "listen": address, "data": n.data}
	n.dsn = filepath.Join(n.data, "liandong.db")
	if engine == "postgres" {
		if n.dsn, err = store.Schema(ctx, b.server, "bench_"+line+"_"+filepath.Base(dir)[len(engine+"-"+line+"."):]); err != nil {
			return nil, err
		}
		c["database"] = n.dsn
	}
	doc, err := json.Marshal(c)
	if err != nil {
		return nil, err
	}
	if err := os.WriteFile(n.config, doc, 0o600); err != nil {
		return nil, err
	}
	out, err := n.command(ctx, nil, "token", "add", "--config", n.config, "--name", "bench", "--scope", "cases.see,cases.take,cases.decide,legs.ask,proof.export")
	n.token = strings.TrimSpace(out)
	return n, err
}

// newClient keeps a connection for each of some callers.
func newClient(atOnce int) *http.Client {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.MaxIdleConnsPerHost = atOnce
	return &http.Client{Transport: t, Timeout: time.Minute}
}

// freeAddress is a port that was free a moment ago.
func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	return l.Addr().String(), nil
}

// command runs one of the program's commands and returns what it printed.
func (n *node) command(ctx context.Context, stdin io.Reader, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, n.b.bin, args...)
	cmd.Stdin = stdin
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("liandong %s: %w: %s", strings.Join(args, " "), err, errs.String())
	}
	return string(out), nil
}

// link tells n of a peer. Neither runs.
func (n *node) link(ctx context.Context, peer *node) error {
	keys, err := peer.keys(ctx)
	if err != nil {
		return err
	}
	return n.linkTo(ctx, keys, peer.url)
}

// keys is the document of a node's public keys. The node does not run.
func (n *node) keys(ctx context.Context) (string, error) {
	return n.command(ctx, nil, "link", "keys", "--config", n.config)
}

func (n *node) linkTo(ctx context.Context, keys, url string) error {
	_, err := n.command(ctx, strings.NewReader(keys), "link", "add", "--config", n.config, "--peer-keys", "-", "--url", url, "--phone", "0891-0000000")
	return err
}

// start serves the node and returns when it can take work.
func (n *node) start(ctx context.Context) error {
	log, err := os.OpenFile(n.config+".log", os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	defer log.Close() // the child has its own
	n.cmd = exec.CommandContext(ctx, n.b.bin, "serve", "--config", n.config)
	n.cmd.Stderr = log
	if err := n.cmd.Start(); err != nil {
		return err
	}
	return n.wait(ctx, "/readyz")
}

// wait returns when a path of the node answers with success.
func (n *node) wait(ctx context.Context, path string) error {
	limit, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	for {
		req, err := http.NewRequestWithContext(limit, http.MethodGet, n.url+path, nil)
		if err != nil {
			return err
		}
		res, err := n.client.Do(req)
		if err == nil {
			res.Body.Close()
			if res.StatusCode == http.StatusOK {
				return nil
			}
		}
		select {
		case <-limit.Done():
			log, _ := os.ReadFile(n.config + ".log") // only to say more
			return fmt.Errorf("%s does not answer: %w\n%s", n.url, limit.Err(), log)
		case <-time.After(2 * time.Millisecond):
		}
	}
}

// stop ends the node's process.
func (n *node) stop() {
	if n.cmd == nil || n.cmd.Process == nil {
		return
	}
	n.client.CloseIdleConnections()
	_ = n.cmd.Process.Signal(syscall.SIGTERM) // it may be gone already
	_ = n.cmd.Wait()
	n.cmd = nil
}

// open is the node's database, to read.
func (n *node) open() (*sql.DB, error) {
	if n.engine == "sqlite" {
		return sql.Open("sqlite", "file:"+n.dsn+"?_pragma=query_only(1)&_pragma=busy_timeout(5000)")
	}
	return sql.Open("pgx", n.dsn)
}

// call makes one call of the API; out may be nil.
func (n *node) call(ctx context.Context, method, path string, body []byte, out any) error {
	var r io.Reader
	if body != nil {
		r = bytes.NewReader(body)
	}
	req, err := http.NewRequestWithContext(ctx, method, n.url+path, r)
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+n.token)
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	res, err := n.client.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	doc, err := io.ReadAll(res.Body)
	if err != nil {
		return err
	}
	if res.StatusCode/100 != 2 {
		return fmt.Errorf("%s %s: %s: %.300s", method, path, res.Status, doc)
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(doc, out)
}
