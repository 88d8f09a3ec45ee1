package chaos

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// finalize sets the level of transaction.version, up or down, for the whole cluster.
func (c *cluster) finalize(level int16) {
	c.t.Helper()
	c.within(2*time.Minute, func() error { // a broker may just be starting
		const upgrade, safeDowngrade = 1, 2
		var err error
		for _, kind := range []int8{upgrade, safeDowngrade} { // brokers refuse the one that it is not
			if err = c.tryFinalize(level, kind); err == nil {
				return nil
			}
		}
		return err
	})
}

func (c *cluster) tryFinalize(level int16, kind int8) error {
	ctx, cancel := context.WithTimeout(c.t.Context(), 10*time.Second)
	defer cancel()
	update := kmsg.NewUpdateFeaturesRequestFeatureUpdate()
	update.Feature, update.MaxVersionLevel, update.UpgradeType = "transaction.version", level, kind
	req := kmsg.NewPtrUpdateFeaturesRequest()
	req.TimeoutMillis = 5000
	req.FeatureUpdates = append(req.FeatureUpdates, update)
	resp, err := req.RequestWith(ctx, c.client)
	if err == nil {
		err = kerr.ErrorForCode(resp.ErrorCode)
	}
	if err != nil {
		return fmt.Errorf("set transaction.version to %d: %w", level, err)
	}
	for _, one := range resp.Results {
		if err := kerr.ErrorForCode(one.ErrorCode); err != nil {
			return fmt.Errorf("set transaction.version to %d: %w", level, err)
		}
	}
	return nil
}

// TestTheTransactionFeatureChangesUnderTraffic lowers the cluster's transaction.version while the river flows, and raises
// it again. Nobody is restarted for it, and whoever starts meanwhile speaks what is there.
func TestTheTransactionFeatureChangesUnderTraffic(t *testing.T) {
	t.Parallel()
	f := startOwn(t, 0).river("feature", time.Second).fleet(2000, 2, 1)
	suffer(t, f,
		fault{"transaction.version became 1", func(f *fleet) { f.finalize(1) }},
		fault{"a processor started under version 1", func(f *fleet) {
			f.stop(f.processors[0].now)
			f.fill(f.processors[0])
			f.processors[0].now.says(bound, "transaction version 1")
			f.spread(2)
		}},
		fault{"transaction.version became 2 again", func(f *fleet) { f.finalize(2) }},
		fault{"a processor started under version 2", func(f *fleet) {
			f.stop(f.processors[1].now)
			f.fill(f.processors[1])
			f.processors[1].now.says(bound, "transaction version 2")
			f.spread(2)
		}})
}
