package broker

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/segmentio/kafka-go"
	"go.uber.org/zap"
)

// settingsTries bounds how often a start asks for settings: a broker that has not heard of a new topic, or that does
// not answer, must not keep a service from its work.
const settingsTries = 3

// CheckTopics looks at topics that are there: whether this user has the rights that their uses need, and whether their
// settings suit them. A lacking right is an error; a setting that doesn't suit is one line of warning, for whoever has
// set it may have had a reason, and what it harms comes later or never. The right to describe settings is not needed.
func (c *Client) CheckTopics(ctx context.Context, uses []Use, log *zap.Logger) error {
	for _, u := range uses {
		if err := c.checkRight(ctx, u); err != nil {
			return err
		}
	}
	all, problem := c.describe(ctx, uses)
	for n := 1; n < settingsTries && problem != nil && Denied("", problem, "") == nil; n++ {
		pause(ctx, lookAgain)
		all, problem = c.describe(ctx, uses)
	}
	c.warn(uses, all, log)
	if problem == nil || ctx.Err() != nil {
		return nil
	}
	var names []string
	for _, u := range uses {
		if all[u.Topic] == nil {
			names = append(names, u.Topic)
		}
	}
	log.Info(fmt.Sprintf("going on without a look at the settings of the topics %s (retention, message limit, whose times records carry); "+
		"with DescribeConfigs on them granted to this user they are checked: %s", strings.Join(names, ", "), strings.ReplaceAll(problem.Error(), "\n", "; ")))
	return nil
}

// warn says one line for each setting that doesn't suit its topic's use.
func (c *Client) warn(uses []Use, all map[string]settings, log *zap.Logger) {
	for _, u := range uses {
		for _, m := range u.misfits(all[u.Topic]) {
			log.Warn(fmt.Sprintf("topic %q has %s: %s; right would be: kafka-configs.sh --bootstrap-server %s --alter --entity-type topics --entity-name %s --add-config %s",
				u.Topic, m.found, m.harm, c.conf.Brokers[0], u.Topic, m.right))
		}
	}
}

// describe asks for the settings of all topics that are used, in one request. An error says which are missing, and why.
func (c *Client) describe(ctx context.Context, uses []Use) (map[string]settings, error) {
	req := &kafka.DescribeConfigsRequest{}
	for _, u := range uses {
		req.Resources = append(req.Resources, kafka.DescribeConfigRequestResource{
			ResourceType: kafka.ResourceTypeTopic, ResourceName: u.Topic,
			ConfigNames: []string{cleanupPolicy, retention, timestampType, timestampBefore, timestampDifference, maxMessage},
		})
	}
	ctx, cancel := context.WithTimeout(ctx, c.conf.Timeout)
	defer cancel()
	res, err := c.admin().DescribeConfigs(ctx, req)
	if err != nil {
		return nil, err
	}
	all := map[string]settings{}
	var problems []error
	for _, r := range res.Resources {
		if r.Error != nil {
			problems = append(problems, fmt.Errorf("topic %q: %w", r.ResourceName, r.Error))
			continue
		}
		s := settings{}
		for _, e := range r.ConfigEntries {
			s[e.ConfigName] = e.ConfigValue
		}
		all[r.ResourceName] = s
	}
	return all, errors.Join(problems...)
}
