package store_test

import (
	"context"
	"fmt"
	"os"
	"sync"
	"testing"

	"liandong/internal/hotline"
	"liandong/internal/store"
)

// childEnv names the database that this test program shall open as a process of
// its own, for tests about two processes and about one that is killed.
const childEnv = "LIANDONG_TEST_STORE"

func TestMain(m *testing.M) {
	if dsn := os.Getenv(childEnv); dsn != "" {
		child(dsn)
		return
	}
	os.Exit(m.Run())
}

// child says on stdout how opening went and, once it is open, the key of every
// write that was acknowledged, without end.
func child(dsn string) {
	ctx := context.Background()
	st, err := store.Open(ctx, dsn)
	if err != nil {
		fmt.Println(hotline.CodeOf(err))
		return
	}
	fmt.Println("open")
	var wg sync.WaitGroup
	for w := range 8 {
		wg.Go(func() {
			for i := 0; ; i++ {
				key := fmt.Sprintf("%d-%d", w, i)
				if err := st.Write(ctx, func(tx *store.Tx) error { return tx.AddIntakeKey(ctx, keyed(key)) }); err != nil {
					fmt.Println("error", err)
					return
				}
				fmt.Println(key)
			}
		})
	}
	wg.Wait()
}

// keyed is the smallest row that can be written and counted.
func keyed(key string) store.IntakeKey {
	return store.IntakeKey{Source: "test", Key: key, BodyHash: "h", CaseID: key}
}
