package node

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"liandong/internal/calendar"
	"liandong/internal/desk"
	"liandong/internal/hotline"
	"liandong/internal/seal"
	"liandong/internal/store"
)

// keysKind is the kind of document that remembers whose keys a database was
// written with; its versions are fingerprints.
const keysKind = "keys"

// loadKeys reads the key file. Where there is none and the database is new, it
// makes one; where the database is not, the keys are lost or elsewhere, and new
// ones would make everything in it unreadable.
func loadKeys(ctx context.Context, c Config, st *store.Store, known bool) (*seal.Keyring, error) {
	keys, err := readKeys(c.keys())
	if errors.Is(err, fs.ErrNotExist) {
		if known {
			return nil, fmt.Errorf("%s is not there, but %s was written with it: put it back from its copy, since without it no case can be read", c.keys(), c.Storage())
		}
		if keys, err = makeKeys(c.keys()); err != nil {
			return nil, err
		}
	}
	if err != nil {
		return nil, err
	}
	return keys, rememberKeys(ctx, c, st, keys)
}

func readKeys(path string) (*seal.Keyring, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("keys: %w", err)
	}
	if err := private(path); err != nil {
		return nil, fmt.Errorf("keys: %w", err)
	}
	keys, err := seal.ParseKeyring(b)
	if err != nil {
		return nil, fmt.Errorf("keys in %s: %w", path, err)
	}
	return keys, nil
}

func makeKeys(path string) (*seal.Keyring, error) {
	keys, err := seal.NewKeyring(rand.Reader)
	if err != nil {
		return nil, err
	}
	return keys, WriteFile(path, keys.Bytes())
}

// rememberKeys refuses keys that are not the database's, and notes them in a
// new one.
func rememberKeys(ctx context.Context, c Config, st *store.Store, keys *seal.Keyring) error {
	ours := keys.Public(c.Platform, c.Name)
	now := time.Now()
	versions, err := st.Reader().Versions(ctx, keysKind, now.In(calendar.Zone).Format(time.DateOnly))
	if err != nil {
		return err
	}
	for _, v := range versions {
		doc, err := st.Reader().Document(ctx, keysKind, v.Version)
		if err != nil {
			return err
		}
		before, err := seal.ParsePublicKeys([]byte(doc.Content))
		if err != nil {
			return fmt.Errorf("keys noted in the database: %w", err)
		}
		if _, ok := ours.SigningKey(before.Signing[0].ID); ok {
			return nil
		}
	}
	if len(versions) > 0 {
		return fmt.Errorf("%s does not hold the keys that %s was written with (%s)", c.keys(), c.Storage(), versions[0].Version)
	}
	return noteKeys(ctx, c, st, keys)
}

// noteKeys notes in the database whose keys it goes with.
func noteKeys(ctx context.Context, c Config, st *store.Store, keys *seal.Keyring) error {
	ours, now := keys.Public(c.Platform, c.Name), time.Now()
	err := st.Write(ctx, func(tx *store.Tx) error {
		return tx.AddDocument(ctx, store.Document{Kind: keysKind, Version: ours.Fingerprint(), EffectiveFrom: now.In(calendar.Zone).Format(time.DateOnly),
			Content: string(ours.Bytes()), LoadedAt: now})
	})
	if store.IsDuplicate(err) {
		return nil // another process with the same keys was faster
	}
	return err
}

// identity reads or writes whose database this is.
func identity(ctx context.Context, c Config, st *store.Store) (n store.Node, known bool, err error) {
	n, err = st.Reader().Node(ctx)
	if hotline.KindOf(err) == hotline.NotFound {
		return store.Node{Platform: c.Platform, Line: c.Line, Name: c.Name, Region: c.Region, Epoch: 1, CreatedAt: time.Now()}, false, nil
	}
	if err != nil {
		return n, false, err
	}
	if n.Platform != c.Platform || n.Line != c.Line || n.Region != c.Region {
		return n, true, fmt.Errorf("%s belongs to platform %s (line %s, region %s), not to %s (line %s, region %s)",
			c.Storage(), n.Platform, n.Line, n.Region, c.Platform, c.Line, c.Region)
	}
	n.Name = c.Name
	return n, true, nil
}

// AddSM2 gives a node that is not running a signing key of the national suite
// beside the one it has.
func AddSM2(c Config) (seal.PublicKeys, error) {
	return changeKeys(c, func(k *seal.Keyring) (*seal.Keyring, error) { return k.WithSM2(rand.Reader) })
}

// longestExpiry is how long after it was made a letter may arrive that an old
// key signed.
const longestExpiry = desk.OfferExpiry

// RenewKeys gives a node that is not running a new signing key and a new
// receiving key. The old ones stay, to read what was sealed to them; the old
// signing key is good for what was made before its end.
func RenewKeys(c Config) (seal.PublicKeys, error) {
	return changeKeys(c, func(k *seal.Keyring) (*seal.Keyring, error) {
		k, err := k.Renew(seal.Signing, time.Now().Add(longestExpiry), rand.Reader)
		if err != nil {
			return nil, err
		}
		return k.Renew(seal.Receiving, time.Time{}, rand.Reader)
	})
}

// RevokeKey gives a node that is not running a new signing key and forgets the
// old ones. Peers refuse its letters until they have the new document, which
// goes by hand; what waits is signed again by itself.
func RevokeKey(ctx context.Context, c Config) (seal.PublicKeys, error) {
	st, err := store.Open(ctx, c.dsn())
	if err != nil {
		return seal.PublicKeys{}, err
	}
	defer st.Close()
	keys, err := readKeys(c.keys())
	if err != nil {
		return seal.PublicKeys{}, err
	}
	if err := rememberKeys(ctx, c, st, keys); err != nil { // they must be this database's
		return seal.PublicKeys{}, err
	}
	if keys, err = keys.Revoke(rand.Reader); err != nil {
		return seal.PublicKeys{}, err
	}
	if err := noteKeys(ctx, c, st, keys); err != nil {
		return seal.PublicKeys{}, err
	}
	return keys.Public(c.Platform, c.Name), WriteFile(c.keys(), keys.Bytes())
}

// changeKeys reads the key file, changes it and writes it back. What signed
// before stays in it.
func changeKeys(c Config, change func(*seal.Keyring) (*seal.Keyring, error)) (seal.PublicKeys, error) {
	keys, err := readKeys(c.keys())
	if err != nil {
		return seal.PublicKeys{}, err
	}
	if keys, err = change(keys); err != nil {
		return seal.PublicKeys{}, err
	}
	return keys.Public(c.Platform, c.Name), WriteFile(c.keys(), keys.Bytes())
}
