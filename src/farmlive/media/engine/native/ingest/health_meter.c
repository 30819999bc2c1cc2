/* A publisher's health.
 *
 * Always holds: what was measured last stays until a second has passed. */
#include "ingest/health_meter.h"

#include <math.h>

#include "base/decimal.h"

/* Audio that was quiet for this long is off. */
static const double AUDIO_S = 3.0;
/* A capture time further than this from the sender reports is a clock's error. */
static const double CAPTURE_LAG_MOST_S = 10.0;

/* Get by how much a track's sender reports place a frame after its capture. */
static bool capture_lag(const struct track *track, double *lag)
{
    if (!track->has_capture || !track->has_report)
        return false;
    int32_t ticks = ahead32(track->capture, track->report.timestamp);
    double after = (double)ticks / track->incoming->clock_rate;
    *lag = ntp_seconds(track->report.ntp) + after - track->captured_at;
    return fabs(*lag) <= CAPTURE_LAG_MOST_S;
}

/* Measure where a frame of the track was, and how long before our time of it. Our time of a report
 * is that of its arrival, on the quickest way; half of the round trip before that, it was sent. */
static void measure_delay(const struct publisher *publisher, const struct track *track,
                          struct health *health)
{
    double trip = publisher->round_trip_s, lag = 0;
    health->delay_from = DELAY_FROM_SERVER;
    health->delay_ms = 0;
    if (!track->has_report || trip < 0)
        return;
    bool is_captured = capture_lag(track, &lag);
    health->delay_from = is_captured ? DELAY_FROM_CAMERA : DELAY_FROM_SENDER;
    double before = is_captured ? fmax(0.0, trip / 2 + lag) : trip / 2;
    health->delay_ms = decimal_round(before * 1000, 1);
}

void health_meter_measure(struct publisher *publisher, double now)
{
    struct health *health = &publisher->health;
    const struct track *best = NULL;
    if (publisher->layer_count > 0)
        best = publisher->layers[flow_highest(&publisher->flow)];
    double span = publisher->health_at != 0 ? now - publisher->health_at : -1;
    long octets = 0, frames = best != NULL ? best->frames : 0;
    health->audio = false;
    for (int at = 0; at < publisher->track_count; at++) {
        struct track *track = publisher->tracks[at];
        octets += track->octets;
        track_measure(track, span);
        if (!track->incoming->is_video && track->last_at != 0 && now - track->last_at < AUDIO_S)
            health->audio = true;
    }
    if (span > 0) {
        /* A restarted track has fewer octets than before. */
        long more = octets > publisher->octets ? octets - publisher->octets : 0;
        health->bitrate_kbps = decimal_round((double)(more * 8) / span / 1000, 1);
        more = frames > publisher->frames ? frames - publisher->frames : 0;
        health->fps = decimal_round((double)more / span, 1);
    }
    publisher->octets = octets;
    publisher->frames = frames;
    publisher->health_at = now;
    if (best != NULL) {
        health->codec = best->codec;
        health->size = best->size;
        health->disposable_kbps = best->disposable_kbps;
        double took = publisher->round_trip_s;
        if (took < 0 && best->has_repair)
            took = best->repair_s;
        health->rtt_ms = took < 0 ? -1 : decimal_round(took * 1000, 1);
        health->jitter_ms = best->ssrc != 0 ? decimal_round(track_jitter_ms(best), 1) : -1;
        measure_delay(publisher, best, health);
    }
    double loss = 0;
    health->layer_count = publisher->layer_count > 1 ? publisher->layer_count : 0;
    for (int layer = 0; layer < publisher->layer_count; layer++) {
        const struct track *track = publisher->layers[layer];
        loss = track->loss > loss ? track->loss : loss;
        health->layers[layer] = (struct layer_health){track->rid, track->size, track->kbps};
    }
    health->loss = decimal_round(loss, 3);
    health->keyframes_on_request = publisher_answers_requests(publisher);
}
