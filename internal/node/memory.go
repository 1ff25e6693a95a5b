package node

import (
	"context"
	"runtime/debug"
	"runtime/metrics"
)

// spareMost is how much memory, in bytes, a node at rest keeps beyond what it
// uses.
const spareMost = 12 << 20

// giveBack returns a round that gives memory back to the system when the node
// rests: no collection since the last round, and much that the last one or
// those before it left. The run-time system by itself does so in the course of
// minutes, and keeps what the next collection would free.
func giveBack() func(context.Context) error {
	sample := []metrics.Sample{
		{Name: "/gc/cycles/total:gc-cycles"},
		{Name: "/gc/heap/live:bytes"},
		{Name: "/memory/classes/heap/objects:bytes"},
		{Name: "/memory/classes/heap/free:bytes"},
		{Name: "/memory/classes/heap/unused:bytes"},
	}
	value := func(i int) uint64 { return sample[i].Value.Uint64() }
	var cycles uint64
	return func(context.Context) error {
		metrics.Read(sample)
		rests := value(0) == cycles
		if rests && value(2)+value(3)+value(4) > value(1)+spareMost {
			debug.FreeOSMemory()
			metrics.Read(sample[:1])
		}
		cycles = value(0)
		return nil
	}
}
