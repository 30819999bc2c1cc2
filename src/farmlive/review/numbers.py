"""Sheets made from a report: sales, settlement by farm, and the timeline."""

from farmlive.review.models import FarmShare, Moment, OfferShare, Report, Share, Sum
from farmlive.review.sheets import Column, Sheet, Table, Typed, Words


def sales(report: Report, sheet: Sheet, say: Words) -> None:
    """Add the report's numbers with their definitions, sales by product, lot and farm, and
    balances.
    """
    sheet.tables += [
        _summary(report, say),
        _by_offer(report, say),
        _by_lot(report, say),
        _balance(report, say),
        _by_farm(report, say),
    ]


def _summary(report: Report, say: Words) -> Table:
    table = Table(
        say("Summary", "汇总"),
        (
            Column(say("Number", "指标"), width=24),
            Column(say("Value", "数值"), "number", 14),
            Column(say("How it is counted", "统计口径"), width=90),
        ),
    )

    def money(value: Sum | None) -> Typed:
        return Typed("money", None if value is None else value.amount)

    def count(value: int) -> Typed:
        return Typed("count", value)

    def share(value: float | None) -> Typed:
        return Typed("share", value)

    named: list[tuple[str, str, Typed]] = [
        ("gross", say("Gross (GMV)", "成交总额（GMV）"), money(report.gross)),
        ("cancelled", say("Cancelled", "已取消"), money(report.cancelled.gross)),
        ("refunded", say("Refunded", "已退款"), money(report.refunded.amount)),
        ("net", say("Net", "净额"), money(report.net)),
        ("fees", say("Parcel fees", "运费"), money(report.fees)),
        ("paid", say("Paid", "已付"), money(report.paid)),
        ("due", say("Still to pay", "待付"), money(report.due)),
        ("orders", say("Orders", "订单"), count(report.orders)),
        ("items", say("Boxes", "件数"), count(report.items)),
        ("buyers", say("Buyers", "买家"), count(report.buyers)),
        ("aov", say("Average order value", "客单价"), money(report.aov)),
        ("gpm", "GPM", money(report.gpm)),
        ("uv_value", say("UV value", "UV 价值"), money(report.uv_value)),
        ("views", say("Views", "观看次数"), count(report.views)),
        ("viewers", say("Viewers", "观众"), count(report.viewers)),
        ("pcu", say("Peak viewers (PCU)", "最高在线（PCU）"), count(report.pcu)),
        ("acu", say("Average viewers (ACU)", "平均在线（ACU）"), Typed("number", report.acu)),
        (
            "watch_s",
            say("Average watch time (s)", "人均观看时长（秒）"),
            Typed("number", report.watch_s),
        ),
        ("impressions", say("Card impressions", "卡片曝光"), count(report.impressions)),
        ("taps", say("Taps", "点击"), count(report.taps)),
        ("ctr", "CTR", share(report.ctr)),
        ("ctor", "CTOR", share(report.ctor)),
        ("cancel_rate", say("Cancellation rate", "取消率"), share(report.cancel_rate)),
        ("refund_rate", say("Refund rate", "退款率"), share(report.refund_rate)),
        ("unpaid_rate", say("Not paid yet", "未付率"), share(report.unpaid_rate)),
        ("simulated", say("Of which simulated", "其中模拟"), money(report.simulated.gross)),
    ]
    table.rows = [(title, value, say.of(report.definitions[name])) for name, title, value in named]
    return table


def _money_columns(say: Words) -> list[Column]:
    """Return the columns of gross, refunded and net sales, by offer, lot or farm."""
    return [
        Column(say("Gross", "成交总额"), "money", 14, total=True),
        Column(say("Cancelled", "已取消"), "money", total=True),
        Column(say("Refunded", "已退款"), "money", total=True),
        Column(say("Net", "净额"), "money", 14, total=True),
    ]


def _money(of: Share) -> list[int]:
    return [of.gross.amount, of.cancelled.amount, of.refunded.amount, of.net.amount]


def _by_offer(report: Report, say: Words) -> Table:
    farms = {farm.id: say.of(farm.name) for farm in report.farms}
    lots = {lot.id: lot.code for lot in report.lots}
    table = Table(
        say("By product", "按商品"),
        (
            Column(say("Product", "商品"), width=28),
            Column(say("Unit", "规格"), width=14),
            Column(say("Farm", "农场"), width=18),
            Column(say("Lot", "批次"), width=10),
            Column(say("Price now", "现价"), "money"),
            Column(say("Released", "放货"), "count", total=True),
            Column(say("Left", "剩余"), "count", total=True),
            Column(say("Orders", "订单"), "count"),
            Column(say("Boxes", "件数"), "count", total=True),
            Column(say("Items kept", "有效件数"), "count", total=True),
            *_money_columns(say),
            Column(say("Flash items", "抢购件数"), "count", total=True),
            Column(say("Flash gross", "抢购成交额"), "money", 14, total=True),
            Column(say("Impressions", "曝光"), "count", total=True),
            Column(say("Taps", "点击"), "count", total=True),
            Column("CTR", "share"),
            Column("CTOR", "share"),
        ),
    )
    table.rows = [
        (
            say.of(offer.name),
            say.of(offer.unit),
            farms[offer.farm],
            lots[offer.lot],
            offer.price.amount,
            offer.released,
            offer.left,
            offer.orders,
            offer.items,
            offer.net_items,
            *_money(offer),
            offer.flash_items,
            offer.flash_gross.amount,
            offer.impressions,
            offer.taps,
            offer.ctr,
            offer.ctor,
        )
        for offer in report.offers
    ]
    return table


def _by_lot(report: Report, say: Words) -> Table:
    farms = {farm.id: say.of(farm.name) for farm in report.farms}
    table = Table(
        say("By lot", "按批次"),
        (
            Column(say("Lot", "批次"), width=14),
            Column(say("Farm", "农场"), width=18),
            Column(say("Harvested", "采收"), "weight"),
            Column(say("Sold and kept", "有效售出"), "weight", 14, total=True),
            Column(say("Boxes", "件数"), "count", total=True),
            Column(say("Items kept", "有效件数"), "count", total=True),
            *_money_columns(say),
        ),
    )
    table.rows = [
        (
            lot.code,
            farms[lot.farm],
            lot.harvested_g,
            lot.net_weight_g,
            lot.items,
            lot.net_items,
            *_money(lot),
        )
        for lot in report.lots
    ]
    return table


def _balance(report: Report, say: Words) -> Table:
    """Return the balance of each lot: harvested = wasted + sold + held + left, over all broadcasts
    until now.
    """
    farms = {farm.id: say.of(farm.name) for farm in report.farms}
    table = Table(
        say("What became of the harvest", "采收去向"),
        (
            Column(say("Lot", "批次"), width=14),
            Column(say("Farm", "农场"), width=18),
            Column(say("Harvested", "采收"), "weight", total=True),
            Column(say("Wasted", "损耗"), "weight", total=True),
            Column(say("Sold", "售出"), "weight", total=True),
            Column(say("Of it here, kept", "其中本场有效"), "weight", 14, total=True),
            Column(say("Held", "保留"), "weight", total=True),
            Column(say("Left", "剩余"), "weight", total=True),
        ),
    )
    table.rows = [
        (
            lot.code,
            farms[lot.farm],
            lot.balance.harvested_g,
            lot.balance.wasted_g,
            lot.balance.sold_g,
            lot.net_weight_g,
            lot.balance.held_g,
            lot.balance.left_g,
        )
        for lot in report.lots
        if lot.balance is not None
    ]
    return table


def _by_farm(report: Report, say: Words) -> Table:
    table = Table(
        say("By farm", "按农场"),
        (
            Column(say("Farm", "农场"), width=20),
            Column(say("Orders", "订单"), "count"),
            Column(say("Boxes", "件数"), "count", total=True),
            Column(say("Items kept", "有效件数"), "count", total=True),
            Column(say("Sold and kept", "有效售出"), "weight", 14, total=True),
            *_money_columns(say),
            Column(say("Paid", "已付"), "money", 14, total=True),
            Column(say("Still to pay", "待付"), "money", 14, total=True),
        ),
    )
    table.rows = [
        (
            say.of(farm.name),
            farm.orders,
            farm.items,
            farm.net_items,
            farm.net_weight_g,
            *_money(farm),
            farm.paid.amount,
            farm.due.amount,
        )
        for farm in report.farms
    ]
    return table


def settlement(report: Report, sheet: Sheet, say: Words) -> None:
    """Add each farm's gross and net sales, product by product."""
    sheet.by = say("Farm", "农场")
    lots = {lot.id: lot.code for lot in report.lots}
    for farm in report.farms:
        table = Table(
            sheet.title,
            (
                Column(say("Product", "商品"), width=28),
                Column(say("Unit", "规格"), width=14),
                Column(say("Lot", "批次"), width=10),
                Column(say("Sold", "售出"), "count", 9, total=True),
                Column(say("Cancelled", "取消"), "count", 9, total=True),
                *_money_columns(say),
            ),
            group=say.of(farm.name),
            note=_paid(farm, sheet, say),
        )
        table.rows = [
            _settled(offer, lots[offer.lot], say)
            for offer in report.offers
            if offer.farm == farm.id and offer.items
        ]
        sheet.tables.append(table)


def _settled(offer: OfferShare, lot: str, say: Words) -> tuple[object, ...]:
    return (
        say.of(offer.name),
        say.of(offer.unit),
        lot,
        offer.items,
        offer.items - offer.net_items,
        *_money(offer),
    )


def _paid(farm: FarmShare, sheet: Sheet, say: Words) -> str:
    paid, due = sheet.money(farm.paid.amount), sheet.money(farm.due.amount)
    return say(
        f"Of the net, {paid} is paid and {due} still to be paid.",
        f"净额中，已付 {paid}，待付 {due}。",
    )


def timeline(report: Report, sheet: Sheet, say: Words) -> None:
    """Add the time axis step by step, and the host's actions with the sales after each."""
    names = {offer.id: say.of(offer.name) for offer in report.offers}
    line = report.timeline
    happened: dict[int, list[str]] = {}
    for moment in line.moments:
        place = max(0, moment.at - line.start) // line.step_ms
        happened.setdefault(place, []).append(
            describe_action(moment, names[moment.offer], sheet, say)
        )
    axis = Table(
        say("Timeline", "时间线"),
        (
            Column(say("From", "时间"), "moment", 20),
            Column(say("Viewers", "在线"), "number", 10),
            Column(say("Peak", "最高在线"), "count", 10),
            Column(say("Orders", "订单"), "count", 10, total=True),
            Column(say("Boxes", "件数"), "count", 10, total=True),
            Column(say("Gross", "成交总额"), "money", 14, total=True),
            Column(say("What happened", "发生了什么"), width=60),
        ),
    )
    axis.rows = [
        (
            line.start + place * line.step_ms,
            line.viewers[place],
            line.peak[place],
            line.orders[place],
            line.items[place],
            line.gross[place],
            say("; ", "；").join(happened.get(place, [])),
        )
        for place in range(len(line.orders))
    ]
    deeds = Table(
        say("After each", "每次之后"),
        (
            Column(say("At", "时间"), "moment", 20),
            Column(say("What", "操作"), width=44),
            Column(say("Product", "商品"), width=28),
            Column(say("Impressions", "曝光"), "count"),
            Column(say("Orders within 5 min", "5 分钟内订单"), "count", 14),
            Column(say("Items within 5 min", "5 分钟内件数"), "count", 14),
            Column(say("Gross within 5 min", "5 分钟内成交额"), "money", 16),
            Column(say("Counted", "口径"), width=18),
        ),
    )
    deeds.rows = [
        (
            moment.at,
            describe_action(moment, "", sheet, say),
            names[moment.offer],
            moment.impressions,
            moment.orders,
            moment.items,
            moment.gross.amount,
            say("of the batch", "本批") if moment.kind == "flash" else "",
        )
        for moment in line.moments
    ]
    sheet.tables += [axis, deeds]


def describe_action(moment: Moment, name: str, sheet: Sheet, say: Words) -> str:
    """Return a host's action in a few words."""
    of = f" {name}" if name else ""
    if moment.kind == "pin":
        return say(f"pinned{of}", f"上屏{of}")
    if moment.kind == "price" and moment.price and moment.was:
        was, now = sheet.money(moment.was.amount), sheet.money(moment.price.amount)
        return say(f"price{of} {was} → {now}", f"改价{of} {was} → {now}")
    quantity = moment.quantity or 0
    if moment.kind == "flash" and moment.price:
        now = sheet.money(moment.price.amount)
        return say(f"flash batch: {quantity}{of} at {now}", f"限时抢购 {quantity} 件{of}，{now}")
    if moment.kind == "flash_end":
        return say(f"flash batch over: {quantity}{of} sold", f"抢购结束{of}，售出 {quantity} 件")
    if quantity < 0:
        return say(f"took back {-quantity}{of}", f"收回 {-quantity} 件{of}")
    return say(f"released {quantity}{of}", f"放货 {quantity} 件{of}")
