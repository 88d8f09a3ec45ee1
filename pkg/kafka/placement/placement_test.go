package placement

import (
	"testing"

	"github.com/segmentio/kafka-go"
	"github.com/twmb/franz-go/pkg/kgo"
	"pgregory.net/rapid"
)

// The hashes are those of UtilsTest.testMurmur2 in Apache Kafka's own client.
func TestHashesAsTheJavaClientDoes(t *testing.T) {
	for key, want := range map[string]int32{
		"21":                         -973932308,
		"foobar":                     -790332482,
		"a-little-bit-long-string":   -985981536,
		"a-little-bit-longer-string": -1486304829,
		"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8": -58897971,
		"abc": 479470107,
	} {
		if got := int32(murmur2([]byte(key))); got != want {
			t.Errorf("murmur2(%q) = %d, the Java client gives %d", key, got, want)
		}
	}
}

// Negative hashes are where a port that takes the absolute value, as an early client did, goes elsewhere.
func TestPartitionClearsTheSignBit(t *testing.T) {
	const hash = -973932308 // of "21"
	if got, want := Of([]byte("21"), 100), int32((hash&0x7fffffff)%100); got != want {
		t.Errorf("partition of 21 among 100 = %d, want %d", got, want)
	}
}

func TestOnePartitionTakesEverything(t *testing.T) {
	for _, key := range []string{"", "A", "\xff\xfe", "sensor-17"} {
		if got := Of([]byte(key), 1); got != 0 {
			t.Errorf("Of(%q, 1) = %d", key, got)
		}
	}
}

func TestNilKeyHashesLikeAnEmptyOne(t *testing.T) {
	if Of(nil, 97) != Of([]byte{}, 97) {
		t.Error("nil and empty differ")
	}
}

func TestPlacesKeysWhereOtherClientsDo(t *testing.T) {
	franz := kgo.StickyKeyPartitioner(nil).ForTopic("t")
	rapid.Check(t, func(t *rapid.T) {
		key := rapid.SliceOfN(rapid.Byte(), 0, 40).Draw(t, "key")
		n := rapid.Int32Range(1, 5000).Draw(t, "partitions")
		got := Of(key, n)

		all := make([]int, n)
		for i := range all {
			all[i] = i
		}
		balancer := kafka.Murmur2Balancer{Consistent: true}
		if want := balancer.Balance(kafka.Message{Key: key}, all...); int(got) != want {
			t.Fatalf("Of(%x, %d) = %d, kafka-go says %d", key, n, got, want)
		}
		if want := franz.Partition(&kgo.Record{Key: key}, int(n)); int(got) != want {
			t.Fatalf("Of(%x, %d) = %d, franz-go says %d", key, n, got, want)
		}
	})
}

func BenchmarkOf(b *testing.B) {
	key := []byte("sensor-0017")
	for b.Loop() {
		Of(key, 12)
	}
}
