package kafkatest

import (
	"context"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// FinalizeTxnVersion sets the cluster's level of transaction.version while it runs, up or down, as kafka-features.sh
// does.
func (c *Cluster) FinalizeTxnVersion(level int16) {
	c.t.Helper()
	client, err := c.newClient()
	if err != nil {
		c.t.Fatalf("finalize transaction.version %d: %v", level, err)
	}
	defer client.Close()
	const unsafeDowngrade = 3
	update := kmsg.NewUpdateFeaturesRequestFeatureUpdate()
	update.Feature, update.MaxVersionLevel, update.UpgradeType = "transaction.version", level, unsafeDowngrade
	req := kmsg.NewPtrUpdateFeaturesRequest()
	req.FeatureUpdates = append(req.FeatureUpdates, update)
	resp, err := req.RequestWith(context.Background(), client)
	if err != nil {
		c.t.Fatalf("finalize transaction.version %d: %v", level, err)
	}
	if resp.ErrorCode != 0 {
		c.t.Fatalf("finalize transaction.version %d: code %d", level, resp.ErrorCode)
	}
	c.trace.add("", "finalize", "transaction.version %d", level)
}
