package exchange

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	cryptorand "crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	mathrand "math/rand/v2"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	natsserver "github.com/nats-io/nats-server/v2/server"
	bus "github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"liandong/internal/desk"
	"liandong/internal/hotline"
	"liandong/internal/leg"
	"liandong/internal/store"
)

// serverEnv has this test program run a NATS server and nothing else, so that
// one can be killed as the kernel kills.
const serverEnv = "LIANDONG_TEST_NATS"

func TestMain(m *testing.M) {
	if doc := os.Getenv(serverEnv); doc != "" {
		if err := serveNATS([]byte(doc)); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// natsNode is a server of a cluster, or one alone where it has no routes.
type natsNode struct {
	Name          string
	Dir           string
	Port, Cluster int
	Routes        []string
}

func (n natsNode) options() (*natsserver.Options, error) {
	o := &natsserver.Options{ServerName: n.Name, Host: "127.0.0.1", Port: n.Port, JetStream: true, StoreDir: n.Dir, SyncAlways: true, NoSigs: true, NoLog: true}
	if len(n.Routes) > 0 {
		o.Cluster = natsserver.ClusterOpts{Name: "test", Host: "127.0.0.1", Port: n.Cluster}
		for _, r := range n.Routes {
			u, err := url.Parse(r)
			if err != nil {
				return nil, err
			}
			o.Routes = append(o.Routes, u)
		}
	}
	return o, nil
}

func (n natsNode) start() (*natsserver.Server, error) {
	o, err := n.options()
	if err != nil {
		return nil, err
	}
	s, err := natsserver.NewServer(o)
	if err != nil {
		return nil, err
	}
	s.Start()
	if !s.ReadyForConnections(20 * time.Second) {
		return nil, errors.New("the server takes no connections")
	}
	return s, nil
}

func serveNATS(doc []byte) error {
	var n natsNode
	if err := json.Unmarshal(doc, &n); err != nil {
		return err
	}
	s, err := n.start()
	if err != nil {
		return err
	}
	s.WaitForShutdown()
	return nil
}

// natsHere runs a server in this process.
func natsHere(t *testing.T) *natsserver.Server {
	t.Helper()
	s, err := natsNode{Name: "one", Dir: t.TempDir(), Port: -1}.start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Shutdown(); s.WaitForShutdown() })
	return s
}

func natsWay(t *testing.T) way {
	set := map[string]string{"servers": natsHere(t).ClientURL(), "create": "yes", "patience": "1m"}
	return way{kind: "nats", a: set, b: set, between: func() {}}
}

// natsProcess is a server in a process of its own.
type natsProcess struct {
	natsNode
	cmd *exec.Cmd
}

func (n *natsProcess) run(t *testing.T) {
	t.Helper()
	doc, err := json.Marshal(n.natsNode)
	if err != nil {
		t.Fatal(err)
	}
	n.cmd = exec.Command(os.Args[0])
	n.cmd.Env = append(os.Environ(), serverEnv+"="+string(doc))
	n.cmd.Stderr = os.Stderr
	if err := n.cmd.Start(); err != nil {
		t.Fatal(err)
	}
}

// kill ends the server between any two of its steps.
func (n *natsProcess) kill() {
	if n.cmd != nil {
		n.cmd.Process.Kill()
		n.cmd.Wait() // it was killed, and says so
		n.cmd = nil
	}
}

func freePort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

// natsCluster is servers that share a stream with a copy on each.
type natsCluster struct {
	nodes []*natsProcess
	set   map[string]string
	js    jetstream.JetStream
}

// newCluster runs servers and waits until the stream of the letters is there.
func newCluster(t *testing.T, size int) *natsCluster {
	t.Helper()
	c := &natsCluster{}
	var routes, servers []string
	dir := t.TempDir()
	for i := range size {
		name := fmt.Sprintf("n%d", i+1)
		n := &natsProcess{natsNode: natsNode{Name: name, Dir: filepath.Join(dir, name), Port: freePort(t), Cluster: freePort(t)}}
		routes = append(routes, fmt.Sprintf("nats://127.0.0.1:%d", n.Cluster))
		servers = append(servers, fmt.Sprintf("nats://127.0.0.1:%d", n.Port))
		c.nodes = append(c.nodes, n)
	}
	for _, n := range c.nodes {
		if size > 1 {
			n.Routes = routes
		}
		n.run(t)
		t.Cleanup(n.kill)
	}
	c.set = map[string]string{"servers": strings.Join(servers, ","), "patience": "2s", "create": "yes", "replicas": fmt.Sprint(size)}
	conn, err := bus.Connect(c.set["servers"], bus.RetryOnFailedConnect(true), bus.MaxReconnects(-1), bus.ReconnectWait(100*time.Millisecond))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(conn.Close)
	if c.js, err = jetstream.New(conn); err != nil {
		t.Fatal(err)
	}
	c.until(t, "the stream is made", func(ctx context.Context) bool {
		_, err := c.js.CreateStream(ctx, jetstream.StreamConfig{Name: "LIANDONG", Subjects: []string{"liandong.letter.>", "liandong.poison.>"}, Replicas: size, MaxMsgsPerSubject: 1, Duplicates: time.Second})
		return err == nil
	})
	return c
}

// until waits for what the servers do in their own time.
func (c *natsCluster) until(t *testing.T, what string, done func(context.Context) bool) {
	t.Helper()
	for end := time.Now().Add(60 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		ok := done(ctx)
		cancel()
		if ok {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("not within a minute: %s", what)
		}
	}
}

// leader is the server that leads the stream.
func (c *natsCluster) leader(t *testing.T) *natsProcess {
	t.Helper()
	found := c.nodes[0]
	c.until(t, "the stream has a leader", func(ctx context.Context) bool {
		s, err := c.js.Stream(ctx, "LIANDONG")
		if err != nil {
			return false
		}
		info := s.CachedInfo()
		for _, n := range c.nodes {
			if info.Cluster != nil && info.Cluster.Leader == n.Name {
				found = n
				return true
			}
		}
		return len(c.nodes) == 1
	})
	return found
}

// whole waits until each server that runs has what the stream holds, consumers
// too: only then may the next one go.
func (c *natsCluster) whole(t *testing.T) {
	t.Helper()
	current := func(info *jetstream.ClusterInfo) bool {
		if len(c.nodes) == 1 {
			return true
		}
		if info == nil || info.Leader == "" || len(info.Replicas) != len(c.nodes)-1 {
			return false
		}
		for _, r := range info.Replicas {
			if r.Offline || !r.Current {
				return false
			}
		}
		return true
	}
	c.until(t, "all copies are current", func(ctx context.Context) bool {
		s, err := c.js.Stream(ctx, "LIANDONG")
		if err != nil || !current(s.CachedInfo().Cluster) {
			return false
		}
		consumers, n := s.ListConsumers(ctx), 0
		for info := range consumers.Info() {
			if n++; !current(info.Cluster) {
				return false
			}
		}
		return consumers.Err() == nil && n == 2
	})
}

// underLoad sends cases from both sides while servers are killed and come back,
// and then checks that both sides hold the same and nothing was done twice.
func (c *natsCluster) underLoad(t *testing.T, seed uint64, kills int) {
	t.Helper()
	const perKill = 8 // cases before a kill, and again after it
	r := mathrand.New(mathrand.NewPCG(seed, 7))
	p := newPair(t, "sqlite")
	p.over(way{kind: "nats", a: c.set, b: c.set})
	ctx, stop := context.WithCancel(t.Context())
	var posts sync.WaitGroup
	for _, s := range []*side{p.a, p.b} {
		posts.Go(func() { s.x.Post(ctx) }) // ends with ctx
	}
	t.Cleanup(func() { stop(); posts.Wait() })
	var ids []string
	urges, begun := map[string]int{}, time.Now()
	load := func() {
		for range perKill {
			id := p.a.send(t, p.a.take(t, fmt.Sprintf("测试总线断线时的诉求第%d件", len(ids))).ID, desk.Order{To: "110"}).Legs[0].ID
			ids = append(ids, id)
			p.a.act(t, id, leg.Urge)
			urges[id]++
			for _, id := range ids {
				for _, s := range []*side{p.a, p.b} {
					if lv, err := s.desk.Leg(t.Context(), s.op, id); err == nil && r.IntN(4) == 0 {
						s.try(t, r, lv)
					}
				}
			}
			p.clock.Add(200 * time.Millisecond)
		}
	}
	for range kills {
		load()
		c.whole(t)
		victim := c.leader(t)
		if r.IntN(3) == 0 {
			victim = c.nodes[r.IntN(len(c.nodes))]
		}
		load()
		victim.kill()
		load()
		if len(c.nodes) > 1 && p.drain(time.Minute) != 0 {
			t.Errorf("with one of %d servers gone letters still wait", len(c.nodes))
		}
		victim.run(t)
	}
	if n := p.drain(time.Minute); n != 0 {
		t.Errorf("%d letters wait for a receipt, want none", n)
		for _, l := range append(p.a.out(t, p.b), p.b.out(t, p.a)...) {
			if l.State == store.LetterWaiting {
				t.Logf("%s waits after %d attempts: %s", l.Type, l.Attempts, l.LastError)
			}
		}
	}
	stop()
	posts.Wait()
	for _, id := range ids {
		here, there := p.a.kinds(t, p.a.leg(t, id).CaseID), p.b.kinds(t, p.b.leg(t, id).CaseID)
		if here["urge"] != there["urge"] || there["urge"] < urges[id] {
			t.Errorf("leg %s was urged %d times here and %d there, want each once", id, here["urge"], there["urge"])
		}
	}
	p.back()
	p.agree()
	t.Logf("%d cases, %d letters, %d kills in %v", len(ids), len(p.a.out(t, p.b))+len(p.b.out(t, p.a)), kills, time.Since(begun).Round(time.Millisecond))
}

// drain moves the clock with the servers' until no letter waits, and says how
// many do when the time is over.
func (p *pair) drain(most time.Duration) int {
	p.t.Helper()
	for end := time.Now().Add(most); p.waiting() > 0 && time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		p.clock.Add(500 * time.Millisecond)
	}
	return p.waiting()
}

// A server alone is killed under load and comes back; of three the one that
// leads is killed, and the others go on. Nothing is lost, nothing is done twice.
func TestServerIsKilled(t *testing.T) {
	seeds, kills := 1, 1
	if os.Getenv("LIANDONG_TORTURE") != "" {
		seeds, kills = 10, 4
	}
	for _, size := range []int{1, 3} {
		for seed := range uint64(seeds) {
			t.Run(fmt.Sprintf("%d of %d", seed, size), func(t *testing.T) { newCluster(t, size).underLoad(t, seed, kills) })
		}
	}
}

// natsEnds is a pair over a server in this process, and a client beside it.
func natsEnds(t *testing.T) (*pair, way, jetstream.JetStream) {
	t.Helper()
	p, w := newPair(t, "sqlite"), natsWay(t)
	p.over(w)
	conn, err := bus.Connect(w.a["servers"])
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(conn.Close)
	js, err := jetstream.New(conn)
	if err != nil {
		t.Fatal(err)
	}
	return p, w, js
}

// What is no letter is set aside with the reason, where its sender's people see
// it, and holds up nothing.
func TestPoisonOnTheBus(t *testing.T) {
	p, w, js := natsEnds(t)
	p.rounds(w, 1) // makes the stream
	if _, err := js.Publish(t.Context(), "liandong.letter.540000-12345.540000-110.bad-1", []byte("not a letter")); err != nil {
		t.Fatal(err)
	}
	id := p.a.send(t, p.a.take(t, "测试总线上坏函件之后的诉求").ID, desk.Order{To: "110"}).Legs[0].ID
	p.rounds(w, 2)
	if got := p.b.state(t, id); got != leg.Received {
		t.Errorf("the letter behind it: the leg is %s, want received", got)
	}
	stream, err := js.Stream(t.Context(), "LIANDONG")
	if err != nil {
		t.Fatal(err)
	}
	kept, err := stream.GetLastMsgForSubject(t.Context(), "liandong.poison.540000-12345.540000-110.bad-1")
	if err != nil || string(kept.Data) != "not a letter" || kept.Header.Get("Liandong-Reason") == "" {
		t.Errorf("set aside: %+v, %v, want the bytes with the reason", kept, err)
	}
	consumer, err := stream.Consumer(t.Context(), "liandong-540000-110-540000-12345")
	if err != nil {
		t.Fatal(err)
	}
	if info := consumer.CachedInfo(); info.NumPending != 0 || info.NumAckPending != 0 {
		t.Errorf("%d messages wait, %d are not acknowledged, want none", info.NumPending, info.NumAckPending)
	}
}

// A peer that is down finds each letter once, however often it was put up; what
// the bus acknowledged is not delivered until the peer's receipt is there; and a
// bus that lost all it held gets it again.
func TestPutUpAgain(t *testing.T) {
	p, w, js := natsEnds(t)
	id := p.a.send(t, p.a.take(t, "测试对方停机期间的诉求一二三四").ID, desk.Order{To: "110"}).Legs[0].ID
	for range 5 {
		if _, err := p.a.x.sendDue(t.Context(), p.b.node.Platform, false); err != nil {
			t.Fatal(err)
		}
		p.clock.Add(2 * time.Minute)
	}
	if out := p.a.out(t, p.b)[0]; out.State != store.LetterWaiting || out.Attempts == 0 {
		t.Errorf("acknowledged by the bus only: the letter is %s after %d attempts, want it waiting", out.State, out.Attempts)
	}
	stream, err := js.Stream(t.Context(), "LIANDONG")
	if err != nil {
		t.Fatal(err)
	}
	if n := stream.CachedInfo().State.Msgs; n != 1 {
		t.Errorf("the stream holds %d messages, want the one letter once", n)
	}
	if err := js.DeleteStream(t.Context(), "LIANDONG"); err != nil {
		t.Fatal(err)
	}
	for range 4 { // the first finds that the stream is gone; one makes it anew
		if _, err := p.a.x.sendDue(t.Context(), p.b.node.Platform, false); err != nil {
			t.Fatal(err)
		}
		p.clock.Add(10 * time.Minute)
	}
	p.rounds(w, 3)
	if got := p.a.state(t, id); got != leg.Received {
		t.Errorf("after the bus lost everything the leg is %s, want received", got)
	}
}

// A stream by which letters would be lost or pile up is refused, and says what
// it should be.
func TestStreamMustFit(t *testing.T) {
	for want, conf := range map[string]jetstream.StreamConfig{
		"storage file":           {Storage: jetstream.MemoryStorage, MaxMsgsPerSubject: 1, Duplicates: time.Second},
		"max_msgs_per_subject 1": {Duplicates: time.Second},
		"want limits":            {MaxMsgsPerSubject: 1, Retention: jetstream.WorkQueuePolicy, Duplicates: time.Second},
		"patience":               {MaxMsgsPerSubject: 1, Duplicates: time.Hour},
	} {
		p, _, js := natsEnds(t)
		conf.Name, conf.Subjects = "LIANDONG", []string{"liandong.letter.>"}
		if _, err := js.CreateStream(t.Context(), conf); err != nil {
			t.Fatal(err)
		}
		p.a.send(t, p.a.take(t, "测试总线配置不当的诉求一二三四").ID, desk.Order{To: "110"})
		if _, err := p.a.x.sendDue(t.Context(), p.b.node.Platform, false); err != nil {
			t.Fatal(err)
		}
		if out := p.a.out(t, p.b)[0]; out.State != store.LetterWaiting || !strings.Contains(out.LastError, want) {
			t.Errorf("the letter is %s, says %q, want %q", out.State, out.LastError, want)
		}
	}
}

// No server there: the letter waits and says so; a server that comes later is
// found without a restart of the node.
func TestServerComesLater(t *testing.T) {
	p := newPair(t, "sqlite")
	port := freePort(t)
	set := map[string]string{"servers": fmt.Sprintf("nats://127.0.0.1:%d", port), "create": "yes", "patience": "1m"}
	w := way{kind: "nats", a: set, b: set, between: func() {}}
	p.over(w)
	id := p.a.send(t, p.a.take(t, "测试总线尚未启动的诉求一二三四").ID, desk.Order{To: "110"}).Legs[0].ID
	if _, err := p.a.x.sendDue(t.Context(), p.b.node.Platform, false); err != nil {
		t.Fatal(err)
	}
	if out := p.a.out(t, p.b)[0]; out.State != store.LetterWaiting || out.LastError == "" {
		t.Errorf("the letter is %s, says %q, want it waiting with the reason", out.State, out.LastError)
	}
	s, err := natsNode{Name: "late", Dir: t.TempDir(), Port: port}.start()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { s.Shutdown(); s.WaitForShutdown() }()
	for until := time.Now().Add(20 * time.Second); p.a.state(t, id) != leg.Received; time.Sleep(50 * time.Millisecond) {
		if time.Now().After(until) {
			t.Fatalf("the leg is %s, want received", p.a.state(t, id))
		}
		p.clock.Add(time.Minute)
		for _, end := range [][2]*side{{p.a, p.b}, {p.b, p.a}} {
			if _, err := end[0].x.sendDue(t.Context(), end[1].node.Platform, false); err != nil {
				t.Fatal(err)
			}
			end[0].x.collect(t.Context(), end[1].node.Platform) // until the server is there it says that none is
		}
	}
}

// Each side needs the leave that docs/exchange/nats.md names and no more, over
// TLS. A password that is wrong makes letters wait and say so, and is mended
// without a restart.
func TestLeaveOnTheBus(t *testing.T) {
	dir := t.TempDir()
	pair, ca := selfSigned(t)
	o, err := natsNode{Name: "one", Dir: dir, Port: -1}.options()
	if err != nil {
		t.Fatal(err)
	}
	o.TLSConfig = &tls.Config{Certificates: []tls.Certificate{pair}}
	o.TLSTimeout = 5
	leave := func(own, peer string) *natsserver.Permissions {
		consumer := "liandong-" + own + "-" + peer
		return &natsserver.Permissions{
			Publish: &natsserver.SubjectPermission{Allow: []string{"liandong.letter." + own + ".>", "liandong.poison.*." + own + ".*",
				"$JS.API.CONSUMER.MSG.NEXT.LIANDONG." + consumer, "$JS.ACK.LIANDONG." + consumer + ".>", "$JS.API.STREAM.INFO.LIANDONG", "$JS.API.CONSUMER.INFO.LIANDONG." + consumer}},
			Subscribe: &natsserver.SubjectPermission{Allow: []string{"_INBOX.>"}},
		}
	}
	a, b := "540000-12345", "540000-110"
	o.Users = []*natsserver.User{{Username: "root", Password: "r"}, {Username: "a", Password: "one", Permissions: leave(a, b)}, {Username: "b", Password: "two", Permissions: leave(b, a)}}
	s, err := natsserver.NewServer(o)
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
	t.Cleanup(func() { s.Shutdown(); s.WaitForShutdown() })
	if !s.ReadyForConnections(20 * time.Second) {
		t.Fatal("the server takes no connections")
	}
	conn, err := bus.Connect(s.ClientURL(), bus.UserInfo("root", "r"), bus.RootCAs(ca))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(conn.Close)
	js, err := jetstream.New(conn)
	if err != nil {
		t.Fatal(err)
	}
	stream, err := js.CreateStream(t.Context(), jetstream.StreamConfig{Name: "LIANDONG", Subjects: []string{"liandong.letter.>", "liandong.poison.>"}, MaxMsgsPerSubject: 1, Duplicates: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	for _, end := range [][2]string{{a, b}, {b, a}} {
		if _, err := stream.CreateConsumer(t.Context(), jetstream.ConsumerConfig{Durable: "liandong-" + end[0] + "-" + end[1], FilterSubject: "liandong.letter." + end[1] + "." + end[0] + ".*",
			AckPolicy: jetstream.AckExplicitPolicy, AckWait: time.Minute, MaxDeliver: -1}); err != nil {
			t.Fatal(err)
		}
	}
	file := func(name, word string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(word+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	set := func(user, word string) map[string]string {
		return map[string]string{"servers": strings.Replace(s.ClientURL(), "nats:", "tls:", 1), "tls_ca": ca, "user": user, "password_file": file(user, word), "patience": "1m"}
	}
	p := newPair(t, "sqlite")
	w := way{kind: "nats", a: set("a", "wrong"), b: set("b", "two"), between: func() {}}
	p.over(w)
	id := p.a.send(t, p.a.take(t, "测试总线权限与口令的诉求一二三四").ID, desk.Order{To: "110"}).Legs[0].ID
	for until := time.Now().Add(20 * time.Second); !strings.Contains(strings.ToLower(p.a.out(t, p.b)[0].LastError), "authorization"); time.Sleep(50 * time.Millisecond) {
		if out := p.a.out(t, p.b)[0]; time.Now().After(until) || out.State != store.LetterWaiting {
			t.Fatalf("with a wrong password the letter is %s and says %q, want it waiting for want of authorization", out.State, out.LastError)
		}
		p.clock.Add(time.Minute)
		if _, err := p.a.x.sendDue(t.Context(), b, false); err != nil {
			t.Fatal(err)
		}
	}
	file("a", "one")
	for until := time.Now().Add(20 * time.Second); p.a.out(t, p.b)[0].State == store.LetterWaiting && !p.b.holds(t, id); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(until) {
			t.Fatalf("mended, and still: %s", p.a.out(t, p.b)[0].LastError)
		}
		p.clock.Add(time.Minute)
		for _, end := range [][2]*side{{p.a, p.b}, {p.b, p.a}} {
			if _, err := end[0].x.sendDue(t.Context(), end[1].node.Platform, false); err != nil {
				t.Fatal(err)
			}
			end[0].x.collect(t.Context(), end[1].node.Platform) // until it is let in it says that it is not
		}
	}
	if _, err := js.Publish(t.Context(), "liandong.letter."+a+"."+b+".bad-1", []byte("not a letter")); err != nil {
		t.Fatal(err)
	}
	p.b.act(t, id, leg.Accept)
	p.rounds(w, 3)
	if got := p.a.state(t, id); got != leg.Accepted {
		t.Errorf("the leg is %s, want accepted", got)
	}
	if _, err := stream.GetLastMsgForSubject(t.Context(), "liandong.poison."+a+"."+b+".bad-1"); err != nil {
		t.Errorf("poison is not set aside: %v", err)
	}
}

func (s *side) holds(t *testing.T, legID string) bool {
	t.Helper()
	_, err := s.st.Reader().Leg(t.Context(), legID)
	return err == nil
}

// selfSigned makes a certificate for loopback, and a file of it for who trusts
// it.
func selfSigned(t *testing.T) (tls.Certificate, string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), cryptorand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	what := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: now.Add(-time.Hour), NotAfter: now.Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
	der, err := x509.CreateCertificate(cryptorand.Reader, what, what, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, path
}

func TestNATSSettings(t *testing.T) {
	kind, err := KindOf("nats")
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "word")
	if err := os.WriteFile(file, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		set  map[string]string
		code string
	}{
		{map[string]string{"servers": "nats://a:4222,tls://b:4222"}, ""},
		{map[string]string{"servers": "nats://a:4222", "user": "u", "password_file": file, "tls_ca": file, "tls_cert": file, "tls_key": file, "domain": "hub", "durable": "d", "replicas": "3"}, ""},
		{map[string]string{"servers": "nats://a:4222", "creds_file": file, "stream": "S", "prefix": "a.b", "patience": "1h"}, ""},
		{map[string]string{}, "carrier_setting_missing"},
		{map[string]string{"servers": "http://a:4222"}, "carrier_setting_invalid"},
		{map[string]string{"servers": "nats://u:p@a:4222"}, "carrier_setting_invalid"},
		{map[string]string{"servers": "nats://a:4222,"}, "carrier_setting_invalid"},
		{map[string]string{"servers": "nats://a", "stream": "a.b"}, "carrier_setting_invalid"},
		{map[string]string{"servers": "nats://a", "prefix": "a.>"}, "carrier_setting_invalid"},
		{map[string]string{"servers": "nats://a", "prefix": "a..b"}, "carrier_setting_invalid"},
		{map[string]string{"servers": "nats://a", "prefix": "$JS"}, "carrier_setting_invalid"},
		{map[string]string{"servers": "nats://a", "durable": "a b"}, "carrier_setting_invalid"},
		{map[string]string{"servers": "nats://a", "replicas": "2"}, "carrier_setting_invalid"},
		{map[string]string{"servers": "nats://a", "creds_file": "/none"}, "carrier_setting_invalid"},
		{map[string]string{"servers": "nats://a", "user": "u"}, "carrier_setting_invalid"},
		{map[string]string{"servers": "nats://a", "password_file": file}, "carrier_setting_invalid"},
		{map[string]string{"servers": "nats://a", "user": "u", "password_file": file, "creds_file": file}, "carrier_setting_invalid"},
		{map[string]string{"servers": "nats://a", "tls_cert": file}, "carrier_setting_invalid"},
		{map[string]string{"servers": "nats://a", "tls_key": file}, "carrier_setting_invalid"},
		{map[string]string{"servers": "nats://a", "patience": "1ms"}, "carrier_setting_invalid"},
	} {
		if err := kind.CheckSet(tc.set); hotline.CodeOf(err) != tc.code && (err != nil || tc.code != "") {
			t.Errorf("%v: got %v, want %q", tc.set, err, tc.code)
		}
	}
}
