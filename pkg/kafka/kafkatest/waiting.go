package kafkatest

import (
	"context"
	"net"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// A coordinator holds a member that waits for its assignment to be alive: the member can't send heartbeats before it has
// one. kfake (2026-09, groups.go) lets its session expire, and then counts wrongly who has joined, so that nobody's join
// is answered for up to a minute. So while a SyncGroup waits, the network sends heartbeats in its member's name.

// stillWaiting is how often.
const stillWaiting = time.Second

// vouch keeps the member of a SyncGroup alive until that is answered, or can't be any more.
func (l *link) vouch(x *exchange) {
	parsed, err := x.req.Parse()
	if err != nil {
		return // the broker will say so
	}
	sync := parsed.(*kmsg.SyncGroupRequest)
	beat := kmsg.NewPtrHeartbeatRequest()
	beat.Group, beat.Generation, beat.MemberID = sync.Group, sync.Generation, sync.MemberID
	frame := kmsg.NewRequestFormatter(kmsg.FormatterClientID("kafkatest")).AppendRequest(nil, beat, 0)
	ctx := l.h.c.ctx
	var conn net.Conn
	for {
		select {
		case <-x.answered:
		case <-ctx.Done():
		case <-time.After(stillWaiting):
			if l.isGone() {
				break
			}
			if conn == nil {
				if conn, err = l.h.c.connect(ctx, "tcp", l.broker); err != nil {
					return
				}
				defer conn.Close()
				defer context.AfterFunc(ctx, func() { conn.Close() })()
			}
			if _, err := conn.Write(frame); err != nil {
				return
			}
			if _, err := readFrame(conn); err != nil {
				return
			}
			continue
		}
		return
	}
}

// isGone tells that the broker's end is closed: what is not answered by now never will be.
func (l *link) isGone() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.gone
}
