package temporald

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"

	"go.temporal.io/server/common/dynamicconfig"
)

// dynamicConfig returns the defaults of this package with the caller's values on top.
//
// The poll rates default to 20 a second and shard. One shard is all this server has, so every step of a workflow would
// wait up to 50 ms for its turn. One partition makes the rate limit of a task queue exact.
func dynamicConfig(o Options) (dynamicconfig.StaticClient, error) {
	const pollRPS = 2000
	values := dynamicconfig.StaticClient{
		dynamicconfig.MakeKey("history.transferProcessorMaxPollRPS"):     pollRPS,
		dynamicconfig.MakeKey("history.timerProcessorMaxPollRPS"):        pollRPS,
		dynamicconfig.MakeKey("history.visibilityProcessorMaxPollRPS"):   pollRPS,
		dynamicconfig.MakeKey("history.outboundProcessorMaxPollRPS"):     pollRPS,
		dynamicconfig.MakeKey("matching.numTaskqueueReadPartitions"):     1,
		dynamicconfig.MakeKey("matching.numTaskqueueWritePartitions"):    1,
		dynamicconfig.WorkflowPauseEnabled.Key():                         true,
		dynamicconfig.WorkflowTimeSkippingEnabled.Key():                  o.TimeSkipping,
		dynamicconfig.MakeKey("frontend.enablePrincipalPropagation"):     len(o.People) > 0,
		dynamicconfig.HistoryCacheHostLevelMaxSize.Key():                 8096,
		dynamicconfig.FrontendMaxNamespaceVisibilityRPSPerInstance.Key(): 100,
		dynamicconfig.ForceSearchAttributesCacheRefreshOnRead.Key():      true,
	}
	for name, text := range o.DynamicConfig {
		value, err := parseDynamic(name, text)
		if err != nil {
			return nil, err
		}
		values[dynamicconfig.MakeKey(name)] = value
	}
	return values, nil
}

func checkDynamicConfig(values map[string]string) error {
	var errs []error
	for name, text := range values {
		_, err := parseDynamic(name, text)
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// parseDynamic reads one JSON value with the server's own loader. A value of the wrong type would otherwise be ignored
// without a word when it is used (whole JSON numbers decode to float64, which the server does not take for an int), and
// so would a misspelt key. The loader calls both warnings; here they are errors.
func parseDynamic(name, text string) (any, error) {
	var line bytes.Buffer
	if err := json.Compact(&line, []byte(text)); err != nil {
		return nil, fmt.Errorf("options: DynamicConfig: %s: value is not JSON (a string needs its quotes)", name)
	}
	loader := &dynamicconfig.YamlLoader{}
	loader.LoadValue(dynamicconfig.MakeKey(name), []byte("- value: "+line.String()))
	if problems := append(loader.Errors, loader.Warnings...); len(problems) > 0 {
		return nil, fmt.Errorf("options: DynamicConfig: %w", errors.Join(problems...))
	}
	return loader.Map[dynamicconfig.MakeKey(name)], nil
}
