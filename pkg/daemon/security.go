package daemon

import (
	"go.uber.org/zap"

	"github.com/meanstream/meanstream/pkg/kafka/broker"
)

// Security says how connections to Kafka are protected, and who we are.
type Security struct {
	TLS              bool   `name:"tls" group:"security" help:"Encrypt connections to Kafka."`
	TLSCA            string `name:"tls-ca" group:"security" placeholder:"FILE" help:"Authorities that may sign brokers' certificates (PEM); the system's without it."`
	TLSCert          string `name:"tls-cert" group:"security" placeholder:"FILE" help:"Our own certificate (PEM), for mutual TLS."`
	TLSKey           string `name:"tls-key" group:"security" placeholder:"FILE" help:"Its key (PEM, not encrypted)."`
	TLSServerName    string `name:"tls-server-name" group:"security" placeholder:"NAME" help:"Name that brokers' certificates must be for; the host that was dialled without it."`
	SASL             string `name:"sasl" default:"none" enum:"none,plain,scram-sha-256,scram-sha-512" group:"security" placeholder:"MECHANISM" help:"Authenticate by a password: none, plain, scram-sha-256 or scram-sha-512."`
	SASLUser         string `name:"sasl-user" group:"security" placeholder:"USER" help:"User to authenticate as."`
	SASLPasswordFile string `name:"sasl-password-file" group:"security" placeholder:"FILE" help:"File with the password; read again for each connection. Else the password is in $MEANSTREAM_SASL_PASSWORD."`
	SASLPassword     Secret `name:"sasl-password" hidden:"" secret:"" help:"The password; from the environment only."`
}

// Secret is a text that is never shown. Its flag has the tag secret:"", and takes it from the environment alone: a
// command line is seen by every user of the machine, and a file of settings is copied.
type Secret string

// String hides it.
func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return mask
}

// GoString hides it.
func (s Secret) GoString() string { return s.String() }

// mask is shown in place of a secret.
const mask = "********"

// Broker is what a client of these brokers is told.
func (k *Kafka) Broker(clientID string, log *zap.Logger) broker.Config {
	return broker.Config{Brokers: k.Brokers, ClientID: clientID, Security: k.broker(), Log: log}
}

func (s *Security) broker() broker.Security {
	b := broker.Security{TLS: s.TLS, CA: s.TLSCA, Cert: s.TLSCert, Key: s.TLSKey, ServerName: s.TLSServerName}
	if s.SASL != "none" {
		b.SASL, b.User, b.PasswordFile, b.Password = s.SASL, s.SASLUser, s.SASLPasswordFile, string(s.SASLPassword)
	}
	return b
}

// Validate reports settings that lack one another, and files that are of no use.
func (s *Security) Validate() []error {
	var all []error
	if !s.TLS {
		for _, f := range []struct{ flag, value string }{{"tls-ca", s.TLSCA}, {"tls-cert", s.TLSCert}, {"tls-key", s.TLSKey}, {"tls-server-name", s.TLSServerName}} {
			if f.value != "" {
				all = append(all, Wrong(f.flag, "is for encrypted connections: add --tls"))
			}
		}
	}
	if s.TLSCert != "" && s.TLSKey == "" {
		all = append(all, Wrong("tls-cert", "needs its key: add --tls-key"))
	}
	if s.TLSKey != "" && s.TLSCert == "" {
		all = append(all, Wrong("tls-key", "is the key of no certificate: add --tls-cert"))
	}
	all = append(all, s.whoWeAre()...)
	if len(all) > 0 {
		return all
	}
	b := s.broker()
	for _, p := range b.Problems() {
		all = append(all, Wrong(p.Setting, "%s", p.Text))
	}
	return all
}

func (s *Security) whoWeAre() []error {
	if s.SASL == "none" {
		var all []error
		for _, f := range []struct{ flag, value string }{{"sasl-user", s.SASLUser}, {"sasl-password-file", s.SASLPasswordFile}} {
			if f.value != "" {
				all = append(all, Wrong(f.flag, "is of no use without a mechanism: add --sasl, such as --sasl=scram-sha-512"))
			}
		}
		return all // a password in an environment that several services share harms nobody
	}
	var all []error
	if s.SASLUser == "" {
		all = append(all, Wrong("sasl", "needs a user: add --sasl-user"))
	}
	switch {
	case s.SASLPasswordFile == "" && s.SASLPassword == "":
		all = append(all, Wrong("sasl", "needs a password: add --sasl-password-file, or set MEANSTREAM_SASL_PASSWORD"))
	case s.SASLPasswordFile != "" && s.SASLPassword != "":
		all = append(all, Wrong("sasl-password-file", "is not the only password: MEANSTREAM_SASL_PASSWORD is set as well, leave one of them out"))
	}
	return all
}

// Warnings are said once when a service starts.
func (s *Security) Warnings() []string {
	if s.SASL == "plain" && !s.TLS {
		return []string{"--sasl=plain without --tls sends the password in clear text: add --tls, or use scram-sha-512"}
	}
	return nil
}
