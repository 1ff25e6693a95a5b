package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// rest measures the memory of a node that does nothing, and how long the
// demonstration takes from an empty directory to its first page.
func (b *bench) rest(ctx context.Context) error {
	for _, engine := range []string{"sqlite", "postgres"} {
		n, err := b.newNode(ctx, engine, "12345")
		if err != nil {
			return err
		}
		if err := n.start(ctx); err != nil {
			return err
		}
		defer n.stop()
		const most = 80.0
		for _, when := range []struct {
			name string
			work func() error
		}{
			{"new", func() error { return nil }},
			{"after an hour's work", func() error { _, _, err := n.mixed(ctx, 2000); return err }},
		} {
			if err := when.work(); err != nil {
				return err
			}
			idle(ctx, 10*time.Second)
			mb, err := resident(n.cmd.Process.Pid)
			if err != nil {
				return err
			}
			target := 1.0
			b.atMost(fmt.Sprintf("memory of an idle node, %s, %s", engine, when.name), fmt.Sprintf("%.0f MB", mb), fmt.Sprintf("%.0f MB", most), mb/most, target)
		}
		n.stop()
	}
	return b.demo(ctx)
}

func idle(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// mixed takes cases of this desk's own and looks at each.
func (n *node) mixed(ctx context.Context, times int) (int, int, error) {
	for i := range times {
		var c struct{ ID string }
		body, err := json.Marshal(map[string]any{"text": fmt.Sprintf("来电人反映测试路%d号路灯不亮，晚上出行不便。", i), "channel": "phone", "region": "540102", "category": "A01"})
		if err != nil {
			return 0, 0, err
		}
		if err := n.call(ctx, "POST", "/api/v1/cases", body, &c); err != nil {
			return 0, 0, err
		}
		if err := n.call(ctx, "GET", "/api/v1/cases/"+c.ID, nil, nil); err != nil {
			return 0, 0, err
		}
		if i%20 == 0 {
			if err := n.call(ctx, "GET", "/api/v1/cases?limit="+strconv.Itoa(1+i%200), nil, nil); err != nil {
				return 0, 0, err
			}
		}
	}
	return times, times, nil
}

// resident is the resident memory of a process, in MB; Linux tells it.
func resident(pid int) (float64, error) {
	doc, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(doc)) {
		if f := strings.Fields(line); len(f) == 3 && f[0] == "VmRSS:" {
			kb, err := strconv.ParseFloat(f[1], 64)
			return kb / 1000, err
		}
	}
	return 0, fmt.Errorf("no VmRSS of process %d", pid)
}

// cpu is the processor time that a process has used, in steps of a hundredth of
// a second; 0 where the system does not tell.
func cpu(pid int) time.Duration {
	doc, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0
	}
	_, after, _ := strings.Cut(string(doc), ") ") // the name before it may hold anything
	f := strings.Fields(after)
	if len(f) < 13 {
		return 0
	}
	var ticks int64
	for _, s := range f[11:13] {
		n, _ := strconv.ParseInt(s, 10, 64) // always a number
		ticks += n
	}
	return time.Duration(ticks) * 10 * time.Millisecond
}

// demo times the demonstration's start some times.
func (b *bench) demo(ctx context.Context) error {
	var took []time.Duration
	for range b.rounds {
		d, err := b.demoOnce(ctx)
		if err != nil {
			return err
		}
		took = append(took, d)
	}
	const limit = 2 * time.Second
	b.atMost("demonstration, empty directory → first page", ms(median(took)), ms(limit), float64(median(took))/float64(limit), 1)
	return nil
}

func (b *bench) demoOnce(ctx context.Context) (time.Duration, error) {
	dir, err := os.MkdirTemp(b.dir, "demo.")
	if err != nil {
		return 0, err
	}
	ready := filepath.Join(dir, "ready.json")
	cmd := exec.CommandContext(ctx, b.bin, "demo", "--dir", filepath.Join(dir, "data"), "--port", "0", "--ready", ready)
	start := time.Now()
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	defer func() {
		_ = cmd.Process.Signal(syscall.SIGTERM) // it may be gone already
		_ = cmd.Wait()
	}()
	var told struct {
		Nodes []struct{ URL string }
	}
	for len(told.Nodes) == 0 {
		if time.Since(start) > 30*time.Second {
			return 0, fmt.Errorf("the demonstration is not ready after 30 seconds")
		}
		if doc, err := os.ReadFile(ready); err == nil && json.Unmarshal(doc, &told) == nil {
			break
		}
		idle(ctx, time.Millisecond)
	}
	n := &node{b: b, url: told.Nodes[0].URL, client: newClient(b.clients)}
	err = n.wait(ctx, "/") // by way of the sign-in page, where nobody is signed in
	return time.Since(start), err
}
