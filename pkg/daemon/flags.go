package daemon

import (
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/meanstream/meanstream/pkg/window"
)

// Kafka says where the cluster is, and how to connect.
type Kafka struct {
	Brokers Brokers `default:"localhost:9092" group:"first" placeholder:"HOST:PORT,..." help:"Kafka brokers to ask first; one that answers is enough. The port is 9092 where none is given."`
	Security
}

// Records names the topic of measurements that a service writes to.
type Records struct {
	RecordsTopic      string `default:"records" group:"first" placeholder:"TOPIC" help:"Topic of the measurements."`
	RecordsPartitions int    `default:"6" min:"1" max:"10000" group:"topics" placeholder:"N" help:"Partitions of the records and rejects topics, when created here."`
}

// Sources names the topics of measurements that are read: one, or several that
// are averaged together.
type Sources struct {
	RecordsTopic      []string `default:"records" group:"first" placeholder:"TOPIC" help:"Topics of the measurements, in any order; several are averaged together. Processor and sink need the same list."`
	RecordsPartitions int      `default:"6" min:"1" max:"10000" group:"topics" placeholder:"N" help:"Partitions of the records and rejects topics, when created here."`
}

// Creation says whether and how missing topics are made.
type Creation struct {
	ReplicationFactor int  `default:"1" min:"1" max:"32767" group:"topics" placeholder:"N" help:"Replicas of each topic that is created here."`
	CreateTopics      bool `default:"true" group:"first" help:"Create the topics that are missing; =false on clusters where somebody else does."`
}

// Topics names every topic of the river, and how missing ones are made.
// The partition counts and the replication factor are used only for topics
// that are created; an existing topic is used as it is.
type Topics struct {
	Sources
	PartialsTopic      string `default:"partials" group:"topics" placeholder:"TOPIC" help:"Topic of the partial aggregates between processor and sink."`
	PartialsPartitions int    `default:"3" min:"1" max:"10000" group:"topics" placeholder:"N" help:"Partitions of the partials topic, when created here."`
	RejectsTopic       string `default:"rejects" group:"topics" placeholder:"TOPIC" help:"Topic of what could not count, with the reason."`
	ResultsTopic       string `default:"results" group:"first" placeholder:"TOPIC" help:"Topic of the final averages."`
	ResultsPartitions  int    `default:"3" min:"1" max:"10000" group:"topics" placeholder:"N" help:"Partitions of the results topic, when created here."`
	Creation
}

// Rule says which measurements count, and in which window.
type Rule struct {
	// Keep is only carried here: the service that evaluates it validates it.
	Keep       string            `default:"value < 90" group:"first" placeholder:"RULE" help:"Which measurements count: an expression over value, category, time and any field of the record, such as \"value < 90 && device.battery > 0.2\"; see docs/fields.md."`
	Window     time.Duration     `default:"10s" min:"1ms" max:"2160h" group:"first" placeholder:"DURATION" help:"Length of a window."`
	Hop        time.Duration     `default:"0s" min:"0s" max:"2160h" group:"time" placeholder:"DURATION" help:"How far apart windows begin: with less than --window a record counts in several; 0 = as long as the window."`
	TimeZone   Zone              `default:"UTC" group:"time" placeholder:"ZONE" help:"Windows of whole days begin at midnight here, such as Europe/Berlin."`
	Lateness   time.Duration     `default:"2s" min:"0s" max:"2160h" group:"first" placeholder:"DURATION" help:"How far behind the newest measurement of its partition one may come and still count."`
	Aggregates window.Aggregates `default:"count,sum,mean,min,max,stddev" group:"first" placeholder:"NAME,..." help:"What results state, in this order: some of count, sum, mean, min, max, stddev, first, last."`

	MaxFuture      time.Duration `default:"5m" min:"0s" max:"87600h" group:"time" placeholder:"DURATION" help:"Reject measurements that are further ahead of the time Kafka received them; 0 = off."`
	MaxRecordBytes Size          `default:"512KiB" min:"1" max:"256MiB" group:"time" placeholder:"SIZE" help:"Reject records with a larger value."`
}

// Idle says when silence no longer holds windows open.
type Idle struct {
	IdleAfter      time.Duration `default:"5s" min:"1ms" max:"720h" group:"first" placeholder:"DURATION" help:"A partition without valid records for so long no longer holds the others up."`
	CloseIdleAfter time.Duration `default:"30s" min:"0s" max:"720h" group:"time" placeholder:"DURATION" help:"When all partitions are silent for so long, the windows that the clock has passed close as well; 0 = never."`
}

// Flush says how often work in hand is committed.
type Flush struct {
	FlushInterval time.Duration `default:"1s" min:"10ms" max:"1h" group:"first" placeholder:"DURATION" help:"Publish and commit at least so often while there is something new."`
}

// Admin says where health, readiness and metrics are served. No address, the
// default, means no listener: a process opens no port that nobody asked for,
// and several of them start side by side on one machine.
type Admin struct {
	AdminAddr HostPort `group:"first" placeholder:"[HOST]:PORT" help:"Serve /healthz, /readyz and /metrics here, such as 127.0.0.1:9100; without it nothing listens."`
	Pprof     bool     `group:"process" help:"Serve /debug/pprof/ on the admin address as well."`
}

// Log says what is logged to standard error.
type Log struct {
	LogLevel  string `default:"info" enum:"debug,info,warn,error" group:"first" placeholder:"LEVEL" help:"Least level that is logged: debug, info, warn or error."`
	LogFormat string `default:"auto" enum:"auto,console,json" group:"process" placeholder:"FORMAT" help:"console, json, or auto: console on a terminal and json elsewhere."`
}

// Config is what Main needs to find in a service's settings. Embedding Admin
// and Log is the way to have it.
type Config interface {
	admin() Admin
	log() Log
}

func (a *Admin) admin() Admin { return *a }
func (l *Log) log() Log       { return *l }

// Validate reports windows that can't be: Kafka's batch times, which carry window ends, know nothing finer than
// milliseconds; and a day of a time zone is cut in no pieces.
func (r *Rule) Validate() []error {
	var errs []error
	if r.Window%time.Millisecond != 0 {
		errs = append(errs, Wrong("window", "is finer than Kafka's clock: write whole milliseconds, such as %s",
			max(r.Window.Truncate(time.Millisecond), time.Millisecond)))
	}
	if r.Hop%time.Millisecond != 0 {
		errs = append(errs, Wrong("hop", "is finer than Kafka's clock: write whole milliseconds, such as %s",
			max(r.Hop.Truncate(time.Millisecond), time.Millisecond)))
	}
	errs = append(errs, r.hop()...)
	if r.TimeZone.Location == nil {
		return errs
	}
	for _, f := range []struct {
		flag string
		time time.Duration
	}{{"window", r.Window}, {"hop", r.Hop}} {
		if f.time%(24*time.Hour) != 0 {
			errs = append(errs, Wrong(f.flag, "is no number of whole days, which it must be with --time-zone: write 24h or a multiple of it, or leave --time-zone out"))
		}
	}
	return errs
}

// maxWindows is how many windows a record may be in: every one holds all categories in the sink's memory.
const maxWindows = 1000

func (r *Rule) hop() []error {
	switch {
	case r.Hop == 0:
		return nil
	case r.Hop > r.Window:
		return []error{Wrong("hop", "is longer than --window, so that records between two windows would count nowhere: write at most %s", r.Window)}
	case (r.Window+r.Hop-1)/r.Hop > maxWindows:
		least := (r.Window + maxWindows - 1) / maxWindows
		least = (least + time.Millisecond - 1) / time.Millisecond * time.Millisecond
		return []error{Wrong("hop", "puts every record into more than %d windows: with --window %s write at least %s", maxWindows, r.Window, least)}
	}
	return nil
}

// Validate reports a records topic that Kafka would refuse.
func (r *Records) Validate() []error {
	if strings.Contains(r.RecordsTopic, ",") {
		return []error{Wrong("records-topic", "is a list, and one topic is written to: write its name alone")}
	}
	return topicNames([]topicFlag{{"records-topic", r.RecordsTopic, false}})
}

// Validate reports topic names that Kafka would refuse, and one topic used for
// two purposes: a processor that reads its own output never ends.
func (t *Topics) Validate() []error {
	var flags []topicFlag
	for _, topic := range t.RecordsTopic {
		flags = append(flags, topicFlag{"records-topic", topic, len(t.RecordsTopic) > 1})
	}
	return topicNames(append(flags,
		topicFlag{"partials-topic", t.PartialsTopic, false},
		topicFlag{"rejects-topic", t.RejectsTopic, false},
		topicFlag{"results-topic", t.ResultsTopic, false}))
}

// Validate reports profiling that nobody could reach.
func (a *Admin) Validate() []error {
	if a.Pprof && a.AdminAddr == "" {
		return []error{Wrong("pprof", "needs an address to be served on: add --admin-addr, such as --admin-addr=127.0.0.1:9100")}
	}
	return nil
}

// topicFlag is a topic and the flag that names it, perhaps among others.
type topicFlag struct {
	flag, topic string
	listed      bool
}

func topicNames(flags []topicFlag) []error {
	legal := regexp.MustCompile(`^[a-zA-Z0-9._-]{1,249}$`)
	var errs []error
	usedBy := map[string]string{}
	for _, f := range flags {
		if !legal.MatchString(f.topic) || f.topic == "." || f.topic == ".." {
			what := "is"
			if f.listed {
				what = fmt.Sprintf("lists %q, which is", f.topic)
			}
			errs = append(errs, Wrong(f.flag, "%s no topic name: write 1 to 249 letters, digits, dots, underscores or dashes", what))
		}
		if other, taken := usedBy[f.topic]; taken {
			if other == f.flag {
				errs = append(errs, Wrong(f.flag, "lists %q twice: write each topic once", f.topic))
				continue
			}
			errs = append(errs, Wrong(f.flag, "is the topic of --%s too: each needs a topic of its own", other))
			continue
		}
		usedBy[f.topic] = f.flag
	}
	return errs
}
