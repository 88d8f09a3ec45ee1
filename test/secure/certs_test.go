package secure

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

// authority signs certificates.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	pem  []byte // of its own certificate
}

func newAuthority(name string) (*authority, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, err
	}
	cert, err := x509.ParseCertificate(der)
	return &authority{cert: cert, key: key, pem: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})}, err
}

// sign makes a certificate for a name, valid until a time, with its key.
func (a *authority) sign(name string, until time.Time) (cert, key []byte, err error) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name},
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, NotBefore: time.Now().Add(-time.Hour), NotAfter: until,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, private.Public(), a.key)
	if err != nil {
		return nil, nil, err
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(private)
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8}), err
}

// secrets writes the files of the broker and of the services into a folder.
func secrets(dir string) error {
	ours, err := newAuthority("the river's authority")
	if err != nil {
		return err
	}
	other, err := newAuthority("somebody else")
	if err != nil {
		return err
	}
	files := map[string][]byte{"ca.pem": ours.pem, "other-ca.pem": other.pem}
	for _, c := range []struct {
		file  string
		by    *authority
		until time.Time
	}{
		{"broker", ours, time.Now().Add(time.Hour)}, {"expired", ours, time.Now().Add(-time.Minute)},
		{"client", ours, time.Now().Add(time.Hour)}, {"stranger", other, time.Now().Add(time.Hour)},
	} {
		cert, key, err := c.by.sign("localhost", c.until)
		if err != nil {
			return err
		}
		files[c.file+".crt"], files[c.file+".key"] = cert, key
		files[c.file+".pem"] = append(append([]byte{}, key...), cert...)
	}
	for _, user := range users() {
		files[user+".password"] = []byte(password(user) + "\n")
	}
	files["wrong.password"] = []byte("guessed")
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o644); err != nil {
			return err
		}
	}
	return nil
}

func users() []string { return []string{"generator", "processor", "sink"} }

// password is a user's, one that no log may show.
func password(user string) string { return fmt.Sprintf("hunter2-%s", user) }
