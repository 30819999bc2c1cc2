"""The texts of a review, in both languages: the sentence that defines each number, and the title
and purpose of each sheet.
"""

from farmlive.bilingual import Bilingual

EFFECT_MS = 5 * 60_000


def _say(en: str, zh: str) -> Bilingual:
    return Bilingual(zh=zh, en=en)


DEFINITIONS = {
    "orders": _say(
        "Orders: every order placed in this broadcast, cancelled and simulated ones included.",
        "订单数：本场直播中下单成功的全部订单，含后来取消的和模拟的。",
    ),
    "items": _say(
        "Items: the quantities of all lines of these orders added up.",
        "件数：这些订单各行数量之和。",
    ),
    "buyers": _say(
        "Buyers: different phone numbers, counted by a keyed pseudonym; the log has no numbers.",
        "买家数：不同手机号的个数；日志只保存加密代号，不保存号码。",
    ),
    "gross": _say(
        "Gross (GMV): price times quantity of all lines at the price ordered at, without "
        "delivery, before cancellations and refunds.",
        "成交总额（GMV）：各行单价乘以数量之和，按下单时的价格计，不含运费，未减去取消和退款。",
    ),
    "cancelled": _say(
        "Cancelled: orders taken back by the buyer or by staff, with all their items.",
        "已取消：由买家或工作人员取消的订单及其全部件数。",
    ),
    "refunded": _say(
        "Refunded: orders that got money back, for damage too, or had something taken off before "
        "they were paid, and what that was of the goods of those that stand; cancelled orders are "
        "taken off once.",
        "已退款：有退款（含坏果赔付）或付款前减免的订单数，以及未取消订单退回和减免的货款；"
        "已取消的订单只按取消扣一次。",
    ),
    "net": _say(
        "Net: gross less cancelled orders, less refunds of the orders that stand.",
        "净额：成交总额减去已取消订单，再减去未取消订单的退款。",
    ),
    "fees": _say(
        "Parcel fees: what the orders that stand pay for parcels, less what was given back; a "
        "refund is of the goods first. Fees are in no other number here.",
        "运费：未取消订单在货款之外付的运费，减去退回的运费；退款先算货款。其他各数都不含运费。",
    ),
    "paid": _say(
        "Paid: the goods of the orders that stand and are paid, less what was taken off and given "
        "back, without parcel fees. With what is still to pay it is the net.",
        "已付：未取消且已付款的订单货款，已减去减免和退款，不含运费；与待付相加等于净额。",
    ),
    "due": _say(
        "Still to pay: the goods of the orders that stand and are not paid yet, less what was "
        "taken off, without parcel fees; cash is paid at the end.",
        "待付：未取消且尚未付款的订单货款，已减去减免，不含运费；货到付款和自提付款在最后收取。",
    ),
    "aov": _say(
        "Average order value: gross divided by orders, without parcel fees.",
        "客单价：成交总额除以订单数，不含运费。",
    ),
    "gpm": _say(
        "GPM: gross for each 1,000 views.",
        "GPM（千次观看成交额）：成交总额 × 1000 ÷ 观看次数。",
    ),
    "uv_value": _say(
        "UV value: gross divided by viewers.",
        "UV 价值：成交总额除以观众数。",
    ),
    "views": _say(
        "Views: how often the live page was opened while the broadcast was live. A page whose "
        "connection came back within 30 minutes is no new view; the crew is not counted.",
        "观看次数：直播期间打开直播页的次数。断线后 30 分钟内自动恢复不算新的一次；工作人员不计。",
    ),
    "viewers": _say(
        "Viewers: different devices among the views.",
        "观众数：以上观看中不同设备的个数。",
    ),
    "pcu": _say(
        "Peak (PCU): the most devices that watched at the same moment.",
        "最高在线（PCU）：同一时刻观看的最多设备数。",
    ),
    "acu": _say(
        "Average concurrent viewers (ACU): time watched by all devices, divided by the length "
        "of the broadcast.",
        "平均在线（ACU）：所有设备的观看时长之和除以直播时长。",
    ),
    "watch_s": _say(
        "Average watch time: time watched by all devices while live, divided by viewers. Two "
        "windows of one device count once.",
        "人均观看时长：直播期间所有设备的观看时长之和除以观众数；同一设备的两个窗口只计一次。",
    ),
    "impressions": _say(
        "Card impressions: a pinned card seen by a device counts once for each time it was "
        "pinned while the device watched.",
        "商品卡曝光：商品卡上屏期间正在观看的设备，每次上屏各计一次。",
    ),
    "taps": _say(
        "Taps: how often viewers opened a card or its place in the bag.",
        "点击：观众点开商品卡或购物袋中该商品的次数。",
    ),
    "ctr": _say(
        "CTR: taps divided by card impressions.",
        "点击率（CTR）：点击次数除以卡片曝光数。",
    ),
    "ctor": _say(
        "CTOR: orders divided by taps; of one product, orders with that product.",
        "点击成交率（CTOR）：订单数除以点击次数；单个商品按含该商品的订单计。",
    ),
    "cancel_rate": _say(
        "Cancellation rate: cancelled orders divided by orders.",
        "取消率：已取消订单数除以订单数。",
    ),
    "refund_rate": _say(
        "Refund rate: orders that got money back, or had something taken off, divided by orders.",
        "退款率：有退款或减免的订单数除以订单数。",
    ),
    "unpaid_rate": _say(
        "Not paid yet: orders that stand of which something is still to be paid, divided by orders "
        "that stand.",
        "未付率：未取消且仍有待付款的订单数除以未取消的订单数。",
    ),
    "simulated": _say(
        "Of which simulated: orders of the demo's simulated people; they are in the numbers above.",
        "其中模拟：演示中的模拟买家所下的订单，已包含在以上各数中。",
    ),
    "offers": _say(
        "By product: orders with that offer, its items and its money; one with several counts at "
        "each. A refund for boxes or a wrong price is of their line first, others are shared. "
        "Flash batches are in it.",
        "按商品：含该商品的订单数、件数和金额；一单含多种商品时，各计一次。"
        "退箱和错价的退款先计入相应商品，其他退款按订单各行金额分摊。限时抢购按限时价计入。",
    ),
    "lots": _say(
        "By lot: all offers that draw on the lot; weight is net weight times the items that are "
        "not cancelled. Left of a harvest is what is not wasted, sold or held, in all broadcasts.",
        "按批次：出自该批次的各商品之和；重量为净含量乘以未取消的件数。"
        "采收量减去损耗、售出和保留即为剩余，合计所有直播。",
    ),
    "farms": _say(
        "By farm: all lots of the farm.",
        "按农场：该农场各批次之和。",
    ),
    "timeline": _say(
        "Timeline: viewers on average, sales where they were ordered. With a pin, a price or a "
        "release: what its product sold in the 5 minutes after it; with a flash batch, its own.",
        "时间线：观众为每一段的平均在线数，销售按下单时间计，含后来取消的。"
        "上屏、改价、放货旁的数字是该商品此后五分钟内的销售，限时抢购旁的是这一批本身的销售。",
    ),
    "highlights": _say(
        "What stands out: the minute with the highest gross, and the release or flash batch of "
        "which as many as were released were ordered soonest.",
        "亮点：成交总额最高的一分钟，以及放货或限时抢购中最快抢完的一批。",
    ),
}

# The title of each sheet, and its purpose.
SHEET_WORDS = {
    "pick-list": (
        _say("Pick list", "采收备货单"),
        _say(
            "What each farm harvests and packs for what was sold and not cancelled.",
            "每个农场要采收、备好的货：已售出且未取消的全部。",
        ),
    ),
    "hand-over": (
        _say("Handover list", "自提交付单"),
        _say(
            "Who picks up what at each pick-up point, and what is still to pay.",
            "每个自提点谁来取什么货，还应收多少。",
        ),
    ),
    "packing": (
        _say("Packing list", "快递装箱单"),
        _say(
            "What goes into each parcel, where it goes, and what the courier collects.",
            "每个包裹装什么、寄到哪里、快递应代收多少。",
        ),
    ),
    "cash": (
        _say("Cash sheet", "收款单"),
        _say(
            "What each pick-up point and the courier collect: goods, parcel fees, what was taken "
            "off or given back, what is paid, what is still to collect and what to give back.",
            "每个自提点和快递收多少钱：货款、运费、减免和退款、已收、应收，"
            "以及已取消订单的应退款。",
        ),
    ),
    "settlement": (
        _say("Settlement", "结算单"),
        _say(
            "What each farm sold, what was cancelled and refunded, and what remains: the goods, "
            "without parcel fees.",
            "每个农场售出多少、取消和退款多少、净额多少；只算货款，不含运费。",
        ),
    ),
    "sales": (
        _say("Sales", "销售汇总"),
        _say(
            "Every number of this page with how it is counted; by product, lot and farm; and what "
            "became of each harvest.",
            "本页全部数字及其口径；按商品、批次和农场；以及每批采收的去向。",
        ),
    ),
    "orders": (
        _say("Orders", "订单明细"),
        _say("Every line of every order, without its buyer.", "每个订单的每一行，不含买家信息。"),
    ),
    "timeline": (
        _say("Timeline", "时间线"),
        _say(
            "Viewers, orders and money step by step, and what followed each deed of the host.",
            "逐段的在线、订单和金额，以及主播每次操作之后的销售。",
        ),
    ),
}
