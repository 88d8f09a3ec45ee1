package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/meanstream/meanstream/test/oracle"
)

// A group of two processors, or sinks, under live traffic gets a third member and gives its oldest one up, this often, and
// is watched for so long after each, and up to half a second more.
const (
	standing     = 2
	changes      = 10
	watched      = 3 * time.Second
	beforeChange = 5 * time.Second
)

// shortWindow makes results come all the time.
const shortWindow = 100 * time.Millisecond

// scaling measures how long results stop when members come and go.
func (g *grower) scaling(ctx context.Context) error {
	var all []pause
	for _, service := range []string{"processor", "sink"} {
		s := scaled{grower: g, service: service, rule: []string{"--window", shortWindow.String(), "--lateness", "0s"}}
		changed, seen, err := s.run(ctx)
		if err != nil {
			return fmt.Errorf("%ss that come and go: %w", service, err)
		}
		quiet := usual(seen.arrivals)
		for _, c := range changed {
			p, err := seen.pause(c, quiet)
			if err != nil {
				fmt.Fprintf(os.Stderr, "%s, left out: %v\n", c.kind, err)
				continue
			}
			fmt.Fprintf(os.Stderr, "%s: %v without results\n", c.kind, p.long.Round(time.Millisecond))
			all = append(all, p)
		}
	}
	fmt.Print("\n", pauseTable(all), "\nLoad average ", loadAverage(), "\n")
	return nil
}

// scaled is a group that is changed while it works.
type scaled struct {
	*grower
	service string
	rule    []string // flags of a processor
	bench   *bench
	all     []*process // of both services, in the order of their starts
	members []*process // that are there at present
}

// run changes the group again and again while traffic comes, watches, and sees in the end that all was right.
func (s *scaled) run(ctx context.Context) (changed []change, seen observed, err error) {
	if s.bench, err = s.empty(ctx, partitions); err != nil {
		return nil, seen, err
	}
	s.bench.nextRun()
	if err := s.begin(ctx); err != nil {
		return nil, seen, err
	}
	watching, enough := context.WithCancel(ctx)
	defer enough()
	var sent traffic
	var unread error
	var watchers sync.WaitGroup
	watchers.Go(func() { sent = drive(watching, s.cluster.client, s.bench.topic.name, s.seed, shortWindow) })
	watchers.Go(func() { seen.arrivals, unread = arrivals(watching, s.cluster.addr, s.bench.name("results")) })
	watchers.Go(func() { seen.phases = s.cluster.phases(watching, s.bench.name(s.service)) })
	changed, failed := s.change(ctx)
	enough()
	watchers.Wait()
	if err := errors.Join(failed, unread, sent.err, s.end()); err != nil {
		return nil, seen, err
	}
	seen.beats = sent.beats
	for _, p := range s.all {
		seen.tookOver = append(seen.tookOver, takenOver(&p.log, s.service)...)
	}
	slices.SortFunc(seen.tookOver, time.Time.Compare)
	return changed, seen, s.finish(ctx, s.bench, [2][]string{s.rule, nil}, func(published []oracle.Published) error {
		return oracle.Compare(sent.tally.Outcome(), published)
	})
}

// begin starts the members and one of the other service, and waits until results have a topic.
func (s *scaled) begin(ctx context.Context) (err error) {
	other := map[string]string{"processor": "sink", "sink": "processor"}[s.service]
	if _, err := s.start(ctx, other); err != nil {
		return err
	}
	for range standing {
		p, err := s.start(ctx, s.service)
		if err != nil {
			return err
		}
		s.members = append(s.members, p)
	}
	return s.cluster.there(ctx, s.bench.name("results"))
}

// start starts one process more.
func (s *scaled) start(ctx context.Context, service string) (*process, error) {
	flags := []string{"--log-format", "json"}
	if service == "processor" {
		flags = append(flags, s.rule...)
	}
	p, err := s.bench.service(ctx, service, flags...)
	if err != nil {
		return nil, errors.Join(err, s.end())
	}
	s.all = append(s.all, p)
	return p, nil
}

// end stops whoever has not ended.
func (s *scaled) end() error {
	return stop(slices.DeleteFunc(slices.Clone(s.all), func(p *process) bool {
		select {
		case <-p.done:
			return p.err == nil // what went wrong is told by the wait
		default:
			return false
		}
	})...)
}

// change lets members come and go in turn. Heartbeats keep the beat of the last rebalance; the changes must not, or all
// of them would meet the heartbeats at one point.
func (s *scaled) change(ctx context.Context) (all []change, err error) {
	if err := rest(ctx, beforeChange); err != nil {
		return nil, err
	}
	random := rand.New(rand.NewPCG(s.seed, 1))
	for range changes {
		for _, c := range []struct {
			kind string
			do   func(context.Context) error
		}{{"a " + s.service + " comes", s.add}, {"a " + s.service + " goes", s.remove}} {
			at := time.Now()
			if err := errors.Join(c.do(ctx), rest(ctx, watched+time.Duration(random.Int64N(int64(500*time.Millisecond))))); err != nil {
				return nil, err
			}
			all = append(all, change{c.kind, at, time.Now()})
		}
	}
	return all, nil
}

func (s *scaled) add(ctx context.Context) error {
	p, err := s.start(ctx, s.service)
	s.members = append(s.members, p)
	return err
}

// remove asks the oldest member to end, as it happens when a new version is rolled out.
func (s *scaled) remove(context.Context) error {
	oldest := s.members[0]
	s.members = s.members[1:]
	return stop(oldest)
}

// there waits until somebody has made a topic.
func (c *cluster) there(ctx context.Context, name string) error {
	for range 300 {
		topics, err := c.admin.ListTopics(ctx, name)
		if err != nil {
			return err
		}
		if topics.Has(name) && topics[name].Err == nil {
			return nil
		}
		if err := rest(ctx, 100*time.Millisecond); err != nil {
			return err
		}
	}
	return fmt.Errorf("nobody has made topic %s within half a minute", name)
}
