package merger

import "github.com/meanstream/meanstream/pkg/reject"

// summaries are the messages that tell of what met closed windows, one for each window and category.
func summaries(topic string, partition int32, d Dropped, limit int) []reject.Message {
	all := make([]reject.Message, 0, len(d.Entries))
	for _, e := range d.Entries {
		s := reject.Summary{
			Topic: topic, Partition: partition, Offset: d.Offset,
			Window: e.Bounds, Category: e.Category, Count: e.Count, Filtered: e.Filtered, Sources: d.Sources,
		}
		all = append(all, s.Message(limit))
	}
	return all
}
