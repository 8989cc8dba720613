/** A product of the shop. `heat` weighs how often it is bought, because in any shop a few products make most sales. */
export interface Article {
  readonly name: string;
  readonly category: string;
  readonly price: number;
  readonly stock: number;
  readonly heat: number;
}

const PLENTY = 1_000_000;

const shelves: Readonly<
  Record<string, readonly (readonly [name: string, price: number, heat: number, stock?: number])[]>
> = {
  Coffee: [
    ['House Espresso, 1 kg', 24.9, 30],
    ['Ethiopia Yirgacheffe, 250 g', 11.5, 18],
    ['Decaf Colombia, 250 g', 10.9, 6],
    ['Cold Brew Bags, 12', 14.0, 9],
    ['Kenya AA Micro Lot, 250 g', 19.5, 2, 60],
  ],
  'Coffee gear': [
    ['Burr Grinder C40', 219.0, 3],
    ['Pour-over Cone, glass', 34.5, 6],
    ['Paper Filters, 100', 5.9, 22],
    ['Gooseneck Kettle, 0.9 l', 79.0, 4],
    ['Travel Press', 29.9, 5],
  ],
  Kitchen: [
    ['Cast Iron Skillet, 26 cm', 59.0, 5],
    ["Chef's Knife, 20 cm", 89.0, 3],
    ['Bamboo Board', 27.5, 6],
    ['Linen Tea Towels, 3', 18.9, 9],
    ['Salt Cellar, olive wood', 22.0, 3],
  ],
  Pantry: [
    ['Olive Oil, first press, 0.5 l', 16.9, 16],
    ['Sea Salt Flakes, 200 g', 6.5, 12],
    ['Dark Chocolate 72 %, 90 g', 4.2, 26],
    ['Wildflower Honey, 350 g', 9.8, 11],
    ['Sourdough Starter Kit', 12.5, 4],
  ],
  Books: [
    ['The Bread Notebook', 32.0, 4],
    ['Coffee, Slowly', 24.0, 5],
    ['One Pan, Many Dinners', 28.5, 6],
    ['A Field Guide to Tea', 26.0, 2],
  ],
  Home: [
    ['Beeswax Candle', 14.5, 8],
    ['Wool Throw, grey', 119.0, 2],
    ['Enamel Mug, blue', 12.9, 14],
    ['Reading Lamp, brass', 149.0, 1],
    ['Winter Print, signed', 240.0, 0.6, 25],
  ],
};

export const articles: readonly Article[] = Object.entries(shelves).flatMap(([category, shelf]) =>
  shelf.map(([name, price, heat, stock = PLENTY]) => ({ name, category, price, stock, heat })),
);
