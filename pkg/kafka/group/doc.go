// Package group runs the work of one member of a consumer group: membership (kafka-go's ConsumerGroup), the
// take-over of partitions from whoever had them before, one worker goroutine for each assigned partition, and one
// committer that commits for all of them in one transaction at a time.
//
// What is done with the records is a [Shift], of which the processor and the sink each have one. What must never go
// wrong is here: a shift's offsets and records are committed by the tenure that read them, or by nobody.
package group
