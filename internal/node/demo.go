package node

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"liandong/internal/auth"
	"liandong/internal/hotline"
	"liandong/internal/store"
	"liandong/internal/web"
)

// DemoConfig is how a demonstration is started.
type DemoConfig struct {
	Dir      string // data; made where it is not there
	Port     int    // of the 12345 node, the 110 node has the next; 0 free ones
	Postgres string // "" SQLite; else two schemas in this database
	Log      *slog.Logger
	Version  string
	// Ready is called once, when both nodes answer.
	Ready func(Ready)
}

// Ready tells programs of a running demonstration.
type Ready struct {
	Nodes []ReadyNode `json:"nodes"`
	Users []ReadyUser `json:"users"`
}

// ReadyNode is one node and a token that may do everything on it.
type ReadyNode struct {
	Platform string `json:"platform"` // the line
	URL      string `json:"url"`
	Token    string `json:"token"`
	PID      int    `json:"pid"`
}

// ReadyUser is a sample user.
type ReadyUser struct {
	Platform string `json:"platform"` // the line
	User     string `json:"user"`
	Password string `json:"password"`
	Role     string `json:"role"`
	Unit     string `json:"unit,omitempty"`
}

// demoPassword is everybody's. It guards invented data on loopback only.
const demoPassword = "demo-2025-liandong"

// demoSecrets is what a demonstration must remember to go on where it stopped.
type demoSecrets struct {
	Tokens map[string]string `json:"tokens"` // by line
}

// RunDemo runs a 12345 node and a 110 node in this process, linked to each
// other, on loopback, until ctx ends.
func RunDemo(ctx context.Context, c DemoConfig) error {
	if err := os.MkdirAll(c.Dir, 0o700); err != nil {
		return fmt.Errorf("data directory: %w", err)
	}
	listeners, err := c.listen(ctx)
	if err != nil {
		return err
	}
	d := demo{DemoConfig: c, listeners: listeners}
	defer d.close()
	if err := d.open(ctx); err != nil {
		return err
	}
	ready, err := d.furnish(ctx)
	if err != nil {
		return err
	}
	return d.serve(ctx, ready)
}

// listen opens both ports before anything is made, so that a port in use costs
// nothing.
func (c DemoConfig) listen(ctx context.Context) (out [2]net.Listener, err error) {
	var lc net.ListenConfig
	for i := range out {
		port := 0
		if c.Port != 0 {
			port = c.Port + i
		}
		out[i], err = lc.Listen(ctx, "tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
		if err != nil {
			if out[0] != nil {
				out[0].Close()
			}
			return out, fmt.Errorf("port %d: %w; choose another pair with --port", port, err)
		}
	}
	return out, nil
}

// demo is the two nodes of a demonstration.
type demo struct {
	DemoConfig
	listeners [2]net.Listener
	nodes     [2]*Node
}

var demoLines = [2]string{"12345", "110"}

// demoRegion is the region that both lines serve: all of Tibet.
const demoRegion = "540000"

func demoPlatform(line string) string { return demoRegion + "-" + line }

// open opens both nodes, one beside the other.
func (d *demo) open(ctx context.Context) error {
	names := [2]string{"西藏12345政务服务便民热线（演示）", "西藏110报警服务台（演示）"}
	var errs [2]error
	var wg sync.WaitGroup
	for i, line := range demoLines {
		wg.Go(func() {
			c := Config{Platform: demoPlatform(line), Line: line, Name: names[i], Region: demoRegion, Data: filepath.Join(d.Dir, line)}
			c.Listen = d.listeners[i].Addr().String()
			c = c.withDefaults()
			if d.Postgres != "" {
				if c.Database, errs[i] = store.Schema(ctx, d.Postgres, "liandong_"+line); errs[i] != nil {
					return
				}
			}
			d.nodes[i], errs[i] = Open(ctx, c, Options{Log: d.Log, Version: d.Version, Demo: demoUsersOf(line)})
			if errs[i] != nil {
				errs[i] = fmt.Errorf("%s: %w", c.Platform, errs[i])
			}
		})
	}
	wg.Wait()
	return errors.Join(errs[:]...)
}

func (d *demo) close() {
	for i, n := range d.nodes {
		if n != nil {
			n.Close()
		}
		d.listeners[i].Close()
	}
}

// furnish links the nodes, adds the sample people and makes or remembers the
// tokens.
func (d *demo) furnish(ctx context.Context) (Ready, error) {
	hash := auth.HashPassword(demoPassword) // costs 30 ms, once for all
	secrets, err := d.secrets()
	if err != nil {
		return Ready{}, err
	}
	var ready Ready
	for i, n := range d.nodes {
		line := demoLines[i]
		if err := n.meet(ctx, d.nodes[1-i]); err != nil {
			return Ready{}, fmt.Errorf("link %s: %w", line, err)
		}
		for _, u := range demoUsers {
			if u.line != line {
				continue
			}
			_, err := n.addPerson(ctx, auth.NewPerson{Login: u.login, Name: u.name, Hash: hash, Role: u.role, Unit: u.unit})
			if err != nil && hotline.CodeOf(err) != "login_taken" {
				return Ready{}, fmt.Errorf("sample user %s: %w", u.login, err)
			}
			ready.Users = append(ready.Users, ReadyUser{Platform: line, User: u.login, Password: demoPassword, Role: string(u.role), Unit: u.unit})
		}
		if secrets.Tokens[line], err = n.remember(ctx, secrets.Tokens[line]); err != nil {
			return Ready{}, err
		}
		ready.Nodes = append(ready.Nodes, ReadyNode{Platform: line, URL: n.cfg.PublicURL, Token: secrets.Tokens[line], PID: os.Getpid()})
	}
	doc, err := json.MarshalIndent(secrets, "", "  ")
	if err != nil {
		return Ready{}, err
	}
	return ready, WriteFile(d.secretsFile(), append(doc, '\n'))
}

func (d *demo) secretsFile() string { return filepath.Join(d.Dir, "demo.json") }

func (d *demo) secrets() (demoSecrets, error) {
	s := demoSecrets{Tokens: map[string]string{}}
	b, err := os.ReadFile(d.secretsFile())
	if errors.Is(err, fs.ErrNotExist) {
		return s, nil
	}
	if err != nil {
		return s, fmt.Errorf("tokens of the demonstration: %w", err)
	}
	if err := json.Unmarshal(b, &s); err != nil {
		return s, fmt.Errorf("tokens of the demonstration: %s: %w", d.secretsFile(), err)
	}
	return s, nil
}

// meet links a node to another one of this process. Keys of a peer on the same
// machine need no telephone call.
func (n *Node) meet(ctx context.Context, peer *Node) error {
	phone := ""
	if u, ok := n.desk.Directory().Unit(demoRegion + "-desk" + peer.cfg.Line); ok {
		phone = u.Phone
	}
	_, err := n.PutLink(ctx, NewLink{Keys: peer.Keys().Bytes(), URL: peer.cfg.PublicURL, Phone: phone, Line: peer.cfg.Line, Region: peer.cfg.Region})
	return err
}

// remember is the token, if it is still good, or a new one.
func (n *Node) remember(ctx context.Context, token string) (string, error) {
	_, err := n.auth.Token(ctx, token)
	if hotline.KindOf(err) == hotline.Denied && err != nil {
		return n.auth.NewToken(ctx, "demo", hotline.Rights(), "")
	}
	return token, err
}

// serve serves both nodes until ctx ends or one of them breaks.
func (d *demo) serve(ctx context.Context, ready Ready) error {
	within, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	var errs [2]error
	var wg sync.WaitGroup
	for i, n := range d.nodes {
		wg.Go(func() {
			if errs[i] = n.Serve(within, d.listeners[i]); errs[i] != nil {
				stop(errs[i])
			}
		})
	}
	if err := waitReady(within, ready); err == nil && d.Ready != nil {
		d.Ready(ready)
	}
	wg.Wait()
	return errors.Join(errs[:]...)
}

// waitReady returns when every node says that it can take work.
func waitReady(ctx context.Context, ready Ready) error {
	client := &http.Client{Timeout: time.Second}
	defer client.CloseIdleConnections()
	for _, n := range ready.Nodes {
		for {
			if isReady(ctx, client, n.URL) {
				break
			}
			select {
			case <-ctx.Done():
				return context.Cause(ctx)
			case <-time.After(10 * time.Millisecond):
			}
		}
	}
	return nil
}

func isReady(ctx context.Context, client *http.Client, url string) bool {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url+"/readyz", nil)
	if err != nil {
		return false
	}
	res, err := client.Do(req)
	if err != nil {
		return false
	}
	res.Body.Close()
	return res.StatusCode == http.StatusOK
}

// demoUser is a sample user.
type demoUser struct {
	line, login, name string
	role              hotline.Role
	unit              string
}

// demoUsers has somebody for each role, and clerks of the units in Lhasa's
// Chengguan district that most calls lead to.
var demoUsers = []demoUser{
	{"12345", "op12345", "测试坐席", hotline.Operator, ""},
	{"12345", "leader12345", "测试班长", hotline.ShiftLeader, ""},
	{"12345", "relief12345", "测试接班班长", hotline.ShiftLeader, ""},
	{"12345", "supervisor12345", "测试督办", hotline.Supervisor, ""},
	{"12345", "secretary12345", "测试会商秘书", hotline.Secretary, ""},
	{"12345", "editor12345", "测试清单编辑", hotline.Editor, ""},
	{"12345", "auditor12345", "测试审计", hotline.Auditor, ""},
	{"12345", "admin12345", "测试管理员", hotline.Administrator, ""},
	{"12345", "clerk-government", "测试承办（属地政府）", hotline.Clerk, "540102-government"},
	{"12345", "clerk-housing", "测试承办（住建）", hotline.Clerk, "540102-housing"},
	{"12345", "clerk-urban", "测试承办（城管）", hotline.Clerk, "540102-urban"},
	{"12345", "clerk-env", "测试承办（生态环境）", hotline.Clerk, "540102-env"},
	{"12345", "clerk-market", "测试承办（市场监管）", hotline.Clerk, "540102-market"},
	{"12345", "clerk-labour", "测试承办（人社）", hotline.Clerk, "540102-labour"},
	{"12345", "duty-emergency", "测试值班（应急管理）", hotline.DutyOfficer, "540102-emergency"},
	{"110", "op110", "测试接警员", hotline.Operator, ""},
	{"110", "leader110", "测试值班长", hotline.ShiftLeader, ""},
	{"110", "relief110", "测试接班值班长", hotline.ShiftLeader, ""},
	{"110", "supervisor110", "测试督察", hotline.Supervisor, ""},
	{"110", "secretary110", "测试会商秘书", hotline.Secretary, ""},
	{"110", "editor110", "测试清单编辑", hotline.Editor, ""},
	{"110", "auditor110", "测试审计", hotline.Auditor, ""},
	{"110", "admin110", "测试管理员", hotline.Administrator, ""},
	{"110", "clerk-police", "测试民警", hotline.Clerk, "540102-police"},
	{"110", "clerk-traffic", "测试交警", hotline.Clerk, "540102-traffic-police"},
}

func demoUsersOf(line string) (out []web.DemoUser) {
	for _, u := range demoUsers {
		if u.line == line {
			out = append(out, web.DemoUser{Login: u.login, Password: demoPassword, Name: u.name, Role: u.role, Unit: u.unit})
		}
	}
	return out
}
