package node

import (
	"context"
	"runtime"
	"runtime/metrics"
	"testing"
	"time"
)

// What a burst of work leaves behind is given back once the node rests.
func TestMemoryIsGivenBackAtRest(t *testing.T) {
	held := func() uint64 {
		s := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}, {Name: "/memory/classes/heap/free:bytes"}}
		metrics.Read(s)
		return s[0].Value.Uint64() + s[1].Value.Uint64()
	}
	before := held()
	burst := make([][]byte, 64)
	for i := range burst {
		burst[i] = make([]byte, 1<<20)
	}
	if held() < before+32<<20 {
		t.Fatal("the burst is not seen")
	}
	runtime.KeepAlive(burst)
	round := giveBack()
	for end := time.Now().Add(10 * time.Second); ; {
		if err := round(context.Background()); err != nil {
			t.Fatal(err)
		}
		if held() < before+32<<20 {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("%d MB are still held, %d before the burst", held()>>20, before>>20)
		}
	}
}
