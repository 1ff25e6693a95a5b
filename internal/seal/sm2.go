package seal

import (
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"io"
	"time"

	"github.com/emmansun/gmsm/sm2"
	"github.com/emmansun/gmsm/sm3"

	"liandong/internal/hotline"
)

// SM2 is the national signing suite (GB/T 32918, GB/T 32905): an SM2 signature
// with the usual user id over the context and the SM3 of the content. Public
// keys are 65 bytes, uncompressed; signatures are DER.
const SM2 = "sm2-sm3"

// Suites lists the signing suites, the default first.
func Suites() []string { return []string{Ed25519, SM2} }

type sm2Key struct {
	raw    []byte
	secret *sm2.PrivateKey
	public PublicKey
}

func newSM2Key(raw []byte, until *time.Time) (sm2Key, error) {
	secret, err := sm2.NewPrivateKey(raw)
	if err != nil {
		return sm2Key{}, badKeys("sm2", "not a secret of SM2")
	}
	point, err := sm2.PublicKeyToECDH(&secret.PublicKey)
	if err != nil {
		return sm2Key{}, badKeys("sm2", err.Error())
	}
	k := sm2Key{raw: raw, secret: secret, public: newPublicKey(SM2, point.Bytes())}
	k.public.Until = until
	return k, nil
}

// WithSM2 returns a keyring that also holds a signing key of the national suite.
// One that holds one already is refused.
func (k *Keyring) WithSM2(random io.Reader) (*Keyring, error) {
	if len(k.sm2) > 0 {
		return nil, hotline.Errorf(hotline.Conflict, "keys_sm2", "")
	}
	for range 8 { // one of two to the 32nd texts is no secret of the curve
		raw, err := secret(random)
		if err != nil {
			return nil, err
		}
		if key, err := newSM2Key(raw, nil); err == nil {
			next := *k
			next.sm2 = []sm2Key{key}
			return &next, nil
		}
	}
	return nil, fmt.Errorf("make a key: the random source gives no secret of SM2")
}

func (k *Keyring) signSM2(message []byte) (Signature, error) {
	if len(k.sm2) == 0 {
		return Signature{}, hotline.Errorf(hotline.Conflict, "suite_no_key", "suite", SM2)
	}
	s := k.sm2[0]
	value, err := s.secret.Sign(rand.Reader, message, sm2.DefaultSM2SignerOpts)
	if err != nil {
		return Signature{}, fmt.Errorf("sign with SM2: %w", err)
	}
	return Signature{Alg: SM2, KeyID: s.public.ID, Value: value}, nil
}

func signedSM2(key, message, sig []byte) bool {
	pub, err := sm2.NewPublicKey(key)
	return err == nil && sm2.VerifyASN1WithSM2(pub, nil, message, sig)
}

// Suited is the key service that signs by a suite; "" is the default.
func Suited(keys KeyService, suite string) KeyService {
	if suite == "" || suite == keys.Suite() {
		return keys
	}
	return suited{KeyService: keys, suite: suite}
}

type suited struct {
	KeyService
	suite string
}

func (s suited) Suite() string                          { return s.suite }
func (s suited) Sign(message []byte) (Signature, error) { return s.SignAs(s.suite, message) }

// By is the key service that signs with one key, which may be an old one.
func By(keys KeyService, keyID string) KeyService { return by{KeyService: keys, id: keyID} }

type by struct {
	KeyService
	id string
}

func (b by) Suite() string                          { return Ed25519 }
func (b by) Sign(message []byte) (Signature, error) { return b.SignWith(b.id, message) }

// SignContent signs a content for one purpose: the context and the content's
// hash, SHA-256 or SM3 as the suite has it.
func SignContent(keys KeyService, context string, content []byte) (Signature, error) {
	return Sign(keys, context, contentHash(keys.Suite(), content))
}

// VerifyContent checks what SignContent made; see Verify.
func VerifyContent(keys PublicKeys, context string, content []byte, sent time.Time, sig Signature) error {
	return Verify(keys, context, contentHash(sig.Alg, content), sent, sig)
}

func contentHash(suite string, content []byte) [32]byte {
	if suite == SM2 {
		return sm3.Sum(content)
	}
	return sha256.Sum256(content)
}
