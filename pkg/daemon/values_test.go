package daemon

import (
	"math/big"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestZonesReadBackWhatTheyWrite(t *testing.T) {
	for text, want := range map[string]string{"UTC": "UTC", "Europe/Berlin": "Europe/Berlin", "Asia/Kathmandu": "Asia/Kathmandu"} {
		var z Zone
		if err := z.UnmarshalText([]byte(text)); err != nil || z.String() != want || (z.Location == nil) != (want == "UTC") {
			t.Errorf("%q is read as %v, error %v", text, z, err)
		}
	}
	for _, text := range []string{"", "Local", "../etc/passwd", "Mars/Olympus"} {
		z := Zone{}
		if err := z.UnmarshalText([]byte(text)); err == nil {
			t.Errorf("%q is read as %v, want an error", text, z)
		}
	}
}

// slowSize reads a size by a regular expression and big integers.
func slowSize(text string) (Size, bool) {
	m := regexp.MustCompile(`^([+-]?\d+) *(?i:(|b|kb|mb|gb|kib|mib|gib))$`).FindStringSubmatch(text)
	if m == nil {
		return 0, false
	}
	n, _ := new(big.Int).SetString(m[1], 10)
	unit := strings.TrimSuffix(strings.ToLower(m[2]), "b")
	base := int64(1000)
	if strings.HasSuffix(unit, "i") {
		base = 1024
	}
	power := int64(0)
	if unit != "" {
		power = int64(strings.Index("_kmg", unit[:1]))
	}
	n.Mul(n, new(big.Int).Exp(big.NewInt(base), big.NewInt(power), nil))
	return Size(n.Int64()), n.IsInt64()
}

func TestSizesAgreeWithBigIntegers(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.OneOf(
			rapid.StringMatching(`[+-]?[0-9]{1,21} ?([kKmMgG]?[iI]?[bB]?)`),
			rapid.StringMatching(`[0-9a-zA-Z .+-]{0,8}`),
		).Draw(t, "text")
		want, ok := slowSize(text)
		var got Size
		err := got.UnmarshalText([]byte(text))
		if (err == nil) != ok || got != want && ok {
			t.Fatalf("%q: got %d, error %v; want %d, %v", text, got, err, want, ok)
		}
	})
}

func TestSizeReadsBackWhatItWrites(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		shift := rapid.IntRange(0, 30).Draw(t, "shift")
		want := Size(rapid.Int64().Draw(t, "size") >> shift << shift)
		var got Size
		if err := got.UnmarshalText([]byte(want.String())); err != nil || got != want {
			t.Fatalf("%s: got %d, error %v; want %d", want, got, err, want)
		}
	})
}

func TestSizeIsWrittenInTheLargestUnitThatDivides(t *testing.T) {
	for want, size := range map[string]Size{
		"0": 0, "1000": 1000, "1KiB": 1024, "512KiB": 512 << 10, "1MiB": 1 << 20, "1025KiB": 1025 << 10, "3GiB": 3 << 30,
	} {
		if got := size.String(); got != want {
			t.Errorf("%d is written %s, want %s", size, got, want)
		}
	}
}

func TestBrokers(t *testing.T) {
	cases := []struct {
		name, text string
		want       Brokers
	}{
		{"a host alone gets Kafka's port", "kafka", Brokers{"kafka:9092"}},
		{"a port is kept", "kafka:19092", Brokers{"kafka:19092"}},
		{"several, with spaces", "a:1, b:2 ,c", Brokers{"a:1", "b:2", "c:9092"}},
		{"each once", "a,a:9092,a:9093", Brokers{"a:9092", "a:9093"}},
		{"a port in another spelling is the same one", "a:09092,a", Brokers{"a:9092"}},
		{"IPv4", "10.0.0.1", Brokers{"10.0.0.1:9092"}},
		{"bare IPv6", "::1", Brokers{"[::1]:9092"}},
		{"IPv6 in brackets", "[::1]", Brokers{"[::1]:9092"}},
		{"IPv6 with a port", "[fe80::1]:19092", Brokers{"[fe80::1]:19092"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			var got Brokers
			if err := got.UnmarshalText([]byte(c.text)); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
	for _, text := range []string{"", ",", "a,", "a:", "a:0", "a:65536", "a:b", "a:1:2", "a b", "a/b", "[::1", "kafka://a:1", "user@a:1", ":1"} {
		var got Brokers
		if err := got.UnmarshalText([]byte(text)); err == nil {
			t.Errorf("%q was read as %v, want an error", text, got)
		}
	}
}

func TestBrokersReadBackWhatTheyWrite(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringMatching(`[a-c:.,\[\] 0-9]{0,12}`).Draw(t, "text")
		var first, second Brokers
		if first.UnmarshalText([]byte(text)) != nil {
			return
		}
		if err := second.UnmarshalText([]byte(first.String())); err != nil || !cmp.Equal(first, second) || len(first) == 0 {
			t.Fatalf("%q was read as %q and that as %q, error %v", text, first, second, err)
		}
	})
}

func TestListenAddresses(t *testing.T) {
	for text, want := range map[string]HostPort{
		"": "", ":9100": ":9100", "127.0.0.1:9100": "127.0.0.1:9100", "localhost:0": "localhost:0", "[::1]:09100": "[::1]:9100",
	} {
		var got HostPort
		if err := got.UnmarshalText([]byte(text)); err != nil || got != want {
			t.Errorf("%q was read as %q, error %v; want %q", text, got, err, want)
		}
	}
	for _, text := range []string{"9100", "localhost", "localhost:", "localhost:65536", "localhost:-1", "http://localhost:9100", "::1:9100"} {
		var got HostPort
		if err := got.UnmarshalText([]byte(text)); err == nil {
			t.Errorf("%q was read as %q, want an error", text, got)
		}
	}
}

// slowDistance is the definition of the edit distance, word for word.
func slowDistance(a, b string) int {
	switch {
	case a == "":
		return len(b)
	case b == "":
		return len(a)
	case a[0] == b[0]:
		return slowDistance(a[1:], b[1:])
	}
	return 1 + min(slowDistance(a[1:], b), slowDistance(a, b[1:]), slowDistance(a[1:], b[1:]))
}

func TestDistanceAgreesWithItsDefinition(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		word := rapid.StringMatching(`[ab-]{0,6}`)
		a, b := word.Draw(t, "a"), word.Draw(t, "b")
		if got, want := distance(a, b), slowDistance(a, b); got != want {
			t.Fatalf("distance(%q, %q) = %d, want %d", a, b, got, want)
		}
	})
}

func TestClosestSuggestsOnlyWhatWasLikelyMeant(t *testing.T) {
	known := []string{"window", "lateness", "records-topic", "records-partitions", "max-record-bytes", "pprof"}
	for name, want := range map[string]string{
		"windw": "window", "windows": "window", "latenes": "lateness", "record-topic": "records-topic",
		"max-record": "max-record-bytes", "records": "", "re": "", "xyz": "", "prof": "pprof", "": "",
	} {
		if got := closest(name, known); got != want {
			t.Errorf("closest to %q is %q, want %q", name, got, want)
		}
	}
}
