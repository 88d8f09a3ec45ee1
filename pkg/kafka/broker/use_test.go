package broker

import (
	"strings"
	"testing"
	"time"
)

// everything is a use that every setting can stand against.
func everything() Use {
	return Use{Topic: "t", Batch: 900 << 10, Keep: time.Hour, Unkept: "UNKEPT", Old: "OLD", Compacted: "COMPACTED"}
}

func TestSettingsAreHeldAgainstAUse(t *testing.T) {
	const never = "9223372036854775807"
	usual := settings{cleanupPolicy: "delete", retention: "604800000", timestampType: "LogAppendTime", timestampBefore: never, maxMessage: "1048588"}
	for _, c := range []struct {
		name   string
		change settings
		want   []string // "found: harm: right", each
	}{
		{"what is usual suits", nil, nil},
		{"retention that is just long enough", settings{retention: "3600000"}, nil},
		{"retention that is too short", settings{retention: "3599999"}, []string{"retention.ms=3599999 (59m59.999s): UNKEPT: retention.ms=604800000"}},
		{"retention for ever", settings{retention: "-1", timestampType: "CreateTime"}, nil},
		{"retention beyond what a duration holds", settings{retention: never}, nil},
		{"compaction alone keeps for ever, but not all", settings{cleanupPolicy: "compact", retention: "1"},
			[]string{"cleanup.policy=compact: COMPACTED: cleanup.policy=delete"}},
		{"compaction and retention", settings{cleanupPolicy: "compact,delete", retention: "1"},
			[]string{"cleanup.policy=compact,delete: COMPACTED: cleanup.policy=delete", "retention.ms=1 (1ms): UNKEPT: retention.ms=604800000"}},
		{"producers' times with an end", settings{timestampType: "CreateTime"},
			[]string{"message.timestamp.type=CreateTime and retention.ms=604800000: OLD: message.timestamp.type=LogAppendTime"}},
		{"producers' times that may not be old", settings{timestampType: "CreateTime", retention: "-1", timestampBefore: "3600000"},
			[]string{"message.timestamp.type=CreateTime and message.timestamp.before.max.ms=3600000: OLD: message.timestamp.type=LogAppendTime"}},
		{"the same by its name before Kafka 3.6", settings{timestampType: "CreateTime", retention: "-1", timestampDifference: "5"},
			[]string{"message.timestamp.type=CreateTime and message.timestamp.difference.max.ms=5: OLD: message.timestamp.type=LogAppendTime"}},
		{"a limit that is just enough", settings{maxMessage: "921600"}, nil},
		{"a limit that is too small", settings{maxMessage: "921599"},
			[]string{"max.message.bytes=921599: batches of up to 921600 bytes are sent there, and a larger one than that is refused, which stops the service: max.message.bytes=1048588"}},
		{"a value that is no number", settings{maxMessage: "", retention: "soon"}, nil},
	} {
		s := settings{}
		for _, from := range []settings{usual, c.change} {
			for name, value := range from {
				s[name] = value
			}
		}
		u := everything()
		var got []string
		for _, m := range u.misfits(s) {
			got = append(got, m.found+": "+m.harm+": "+m.right)
		}
		if strings.Join(got, "\n") != strings.Join(c.want, "\n") {
			t.Errorf("%s:\ngot  %q\nwant %q", c.name, got, c.want)
		}
		harmless := Use{Topic: "t"}
		if all := harmless.misfits(s); len(all) > 0 {
			t.Errorf("%s: a use that nothing harms: %q", c.name, all)
		}
	}
	u := everything()
	if all := u.misfits(nil); len(all) > 0 {
		t.Errorf("settings that are not known: %q", all)
	}
	u.Batch, u.Keep = 2_000_000, 30*24*time.Hour
	all := u.misfits(settings{retention: "604800000", maxMessage: "1048588"})
	if len(all) != 2 || all[0].right != "retention.ms=2592000000" || all[1].right != "max.message.bytes=2000000" {
		t.Errorf("a use that needs more than what is usual: %q", all)
	}
}
