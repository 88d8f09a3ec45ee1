package broker

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"sync"
	"time"

	"github.com/segmentio/kafka-go"
	"go.uber.org/zap"
)

// Code is an error code that a broker answered; 0 is none. It prints as the protocol's own name and explanation.
type Code = kafka.Error

// OK is the code of success.
const OK Code = 0

// Default bounds of one exchange.
const (
	defaultTimeout  = 5 * time.Second
	metadataTTL     = time.Second
	dialTimeout     = 3 * time.Second
	idleConnections = time.Minute
)

// Config is what a Client needs to know.
type Config struct {
	Brokers  []string                                                          // host:port, at least one
	ClientID string                                                            // how brokers name us in their logs
	Topics   []string                                                          // the topics whose brokers are looked after
	Dial     func(ctx context.Context, network, addr string) (net.Conn, error) // nil: TCP
	Timeout  time.Duration                                                     // of one exchange; 0: five seconds
	Security Security                                                          // of every connection
	Log      *zap.Logger                                                       // of connections that are refused while others have worked; nil: none
}

// Client sends requests to the brokers of one cluster. It is safe for concurrent use.
type Client struct {
	conf      Config
	addr      net.Addr
	transport *kafka.Transport

	mu           sync.Mutex
	coordinators map[coordinatorKey]int32
	topics       map[string]Topic
}

type coordinatorKey struct {
	kind CoordinatorKind
	name string
}

// New makes a client; it connects when the first request is sent.
func New(conf Config) *Client {
	if conf.Timeout == 0 {
		conf.Timeout = defaultTimeout
	}
	if conf.Dial == nil {
		conf.Dial = (&net.Dialer{Timeout: dialTimeout}).DialContext
	}
	if conf.Log == nil {
		conf.Log = zap.NewNop()
	}
	if conf.Security.On() {
		conf.Dial = (&secured{Security: conf.Security, dial: conf.Dial, clientID: conf.ClientID, log: conf.Log, refused: map[string]*refusal{}}).Dial
	} else {
		conf.Dial = sniff(conf.Dial)
	}
	return &Client{
		conf: conf,
		addr: kafka.TCP(conf.Brokers...),
		transport: &kafka.Transport{
			Dial: conf.Dial, DialTimeout: dialTimeout, IdleTimeout: idleConnections,
			MetadataTTL: metadataTTL, MetadataTopics: conf.Topics, ClientID: conf.ClientID,
		},
		coordinators: map[coordinatorKey]int32{},
		topics:       map[string]Topic{},
	}
}

// Close closes the connections that no request uses.
func (c *Client) Close() { c.transport.CloseIdleConnections() }

// Config tells how the client was made. Its Dial makes connections that are secured already.
func (c *Client) Config() Config { return c.conf }

// admin is kafka-go's own client over the same connections, for requests outside the path of data.
func (c *Client) admin() *kafka.Client {
	return &kafka.Client{Addr: c.addr, Transport: c.transport, Timeout: c.conf.Timeout}
}

// send exchanges one request under the client's time limit; an error means that no answer came.
func (c *Client) send(ctx context.Context, m *call) (*dec, error) {
	ctx, cancel := context.WithTimeout(ctx, c.conf.Timeout)
	defer cancel()
	m.client = c.conf.ClientID
	if _, err := c.transport.RoundTrip(ctx, c.addr, m); err != nil {
		return nil, c.noAnswer(m.key, m.node, err)
	}
	return &dec{b: m.answer, flex: m.flex}, nil
}

func (c *Client) noAnswer(key int16, node int32, err error) error {
	to := c.addr.String()
	if node >= 0 {
		to = fmt.Sprintf("broker %d", node)
	}
	// The connection's deadline is that of ctx, and either may be noticed first.
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, os.ErrDeadlineExceeded) {
		return fmt.Errorf("%s to %s: no answer in time: %w", apiName(key), to, err)
	}
	return fmt.Errorf("%s to %s: %w", apiName(key), to, err)
}

func apiName(key int16) string {
	switch key {
	case keyProduce:
		return "Produce"
	case keyFetch:
		return "Fetch"
	case keyListOffsets:
		return "ListOffsets"
	case keyMetadata:
		return "Metadata"
	case keyOffsetCommit:
		return "OffsetCommit"
	case keyOffsetFetch:
		return "OffsetFetch"
	case keyFindCoordinator:
		return "FindCoordinator"
	case keyHeartbeat:
		return "Heartbeat"
	case keyAPIVersions:
		return "ApiVersions"
	case keyInitProducerID:
		return "InitProducerId"
	case keyAddPartitions:
		return "AddPartitionsToTxn"
	case keyAddOffsets:
		return "AddOffsetsToTxn"
	case keyEndTxn:
		return "EndTxn"
	case keyTxnOffsetCommit:
		return "TxnOffsetCommit"
	case keyDescribeGroups:
		return "DescribeGroups"
	case keyDescribeQuorum:
		return "DescribeQuorum"
	case keyDeleteRecords:
		return "DeleteRecords"
	}
	return fmt.Sprintf("request %d", key)
}
