package daemon

import (
	"errors"
	"fmt"
	"math"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"
)

const kafkaPort = "9092"

// Size is a number of bytes.
type Size int64

// UnmarshalText reads bytes ("1000") or a whole number with a unit: B, KB, MB
// and GB are powers of 1000, KiB, MiB and GiB powers of 1024, in any case.
// The error completes the sentence that begins with the value.
func (s *Size) UnmarshalText(text []byte) error {
	errNoSize := errors.New("is no size: write bytes, or a number with KB, MB, KiB or MiB, such as 512KiB")
	digits := strings.TrimRight(string(text), "bBkKmMgGiI ")
	unit := strings.ToLower(strings.TrimSpace(string(text)[len(digits):]))
	factor, known := map[string]int64{
		"": 1, "b": 1,
		"kb": 1e3, "mb": 1e6, "gb": 1e9,
		"kib": 1 << 10, "mib": 1 << 20, "gib": 1 << 30,
	}[unit]
	n, err := strconv.ParseInt(digits, 10, 64)
	if !known || err != nil && !errors.Is(err, strconv.ErrRange) {
		return errNoSize
	}
	if err != nil || n > math.MaxInt64/factor || n < math.MinInt64/factor {
		return errors.New("is more than any machine holds: write a size such as 512KiB")
	}
	*s = Size(n * factor)
	return nil
}

// String writes the size in the largest binary unit that divides it, in a form
// that UnmarshalText reads back.
func (s Size) String() string {
	for _, u := range []struct {
		name  string
		bytes Size
	}{{"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}} {
		if s != 0 && s%u.bytes == 0 {
			return fmt.Sprintf("%d%s", s/u.bytes, u.name)
		}
	}
	return strconv.FormatInt(int64(s), 10)
}

// Zone is a time zone. The zero value is UTC.
type Zone struct{ *time.Location } // nil: UTC

// UnmarshalText reads a name of the IANA time zone database. The error completes the sentence that begins with the
// value.
func (z *Zone) UnmarshalText(text []byte) error {
	name := string(text)
	if name == "UTC" {
		*z = Zone{}
		return nil
	}
	loaded, err := time.LoadLocation(name)
	// The machine's own zone would be another one on another machine.
	if err != nil || name == "" || name == "Local" {
		return errors.New("is no time zone: write a name such as Europe/Berlin, or UTC")
	}
	*z = Zone{loaded}
	return nil
}

// String is the zone's name, in a form that UnmarshalText reads back.
func (z Zone) String() string {
	if z.Location == nil {
		return "UTC"
	}
	return z.Location.String()
}

// HostPort is an address to listen on: HOST:PORT, or :PORT for all interfaces.
// Port 0 lets the system choose. The empty HostPort means none.
type HostPort string

// UnmarshalText checks the form; whether the address exists shows when it is
// used. The error completes the sentence that begins with the value.
func (h *HostPort) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*h = ""
		return nil
	}
	host, port, err := net.SplitHostPort(string(text))
	if err != nil || badHost(host) {
		return errors.New("is no address: write HOST:PORT, such as 127.0.0.1:9100, or :9100 for all interfaces")
	}
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		return fmt.Errorf("has no port that can be: write %s with a port of 0 to 65535", net.JoinHostPort(host, "PORT"))
	}
	*h = HostPort(net.JoinHostPort(host, strconv.FormatUint(n, 10)))
	return nil
}

// Brokers is a list of host:port, each once, never empty once it has been read.
type Brokers []string

// UnmarshalText reads a comma-separated list; a host alone gets Kafka's port
// 9092. The error completes the sentence that begins with the value.
func (b *Brokers) UnmarshalText(text []byte) error {
	var list Brokers
	for entry := range strings.SplitSeq(string(text), ",") {
		address, err := brokerAddress(strings.TrimSpace(entry))
		if err != nil {
			return err
		}
		if !slices.Contains(list, address) {
			list = append(list, address)
		}
	}
	*b = list
	return nil
}

// String joins the list as it would be written on the command line.
func (b Brokers) String() string { return strings.Join(b, ",") }

func brokerAddress(entry string) (string, error) {
	if entry == "" {
		return "", errors.New("names no broker before or between its commas: write HOST:PORT, such as localhost:9092")
	}
	if _, _, scheme := strings.Cut(entry, "://"); scheme {
		return "", fmt.Errorf("has a scheme in %q: write HOST:PORT alone, such as localhost:9092", entry)
	}
	// A bare IPv6 address is all colons, none of which begins a port.
	bare := entry
	if strings.HasPrefix(entry, "[") && strings.HasSuffix(entry, "]") {
		bare = entry[1 : len(entry)-1]
	}
	if ip, err := netip.ParseAddr(bare); err == nil {
		return net.JoinHostPort(ip.String(), kafkaPort), nil
	}
	if !strings.Contains(entry, ":") {
		entry = net.JoinHostPort(entry, kafkaPort)
	}
	host, port, err := net.SplitHostPort(entry)
	if err != nil || host == "" || badHost(host) {
		return "", fmt.Errorf("has no host:port in %q: write HOST:PORT, such as localhost:9092", entry)
	}
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil || n == 0 {
		return "", fmt.Errorf("has a port in %q that cannot be: write 1 to 65535, such as localhost:9092", entry)
	}
	return net.JoinHostPort(host, strconv.FormatUint(n, 10)), nil
}

// badHost tells what no name or address contains; resolving it tells the rest.
func badHost(host string) bool {
	return strings.ContainsAny(host, "/ \t\r\n,;@?#\"'")
}
